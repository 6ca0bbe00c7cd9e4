#include "map_guard.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static __thread const char *current_path;
static const char *sentence_before;
static const char *sentence_after;
static int exit_status;
static struct sigaction former[64];

const char *map_guard_enter(const char *path) {
    const char *before = current_path;
    current_path = path;
    return before;
}

void map_guard_leave(const char *before) { current_path = before; }

static void say(const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t count = write(STDERR_FILENO, text, left);
        if (count <= 0) return;
        text += count;
        left -= (size_t)count;
    }
}

void map_guard_fail(void) {
    if (sentence_before == NULL) return;
    say(sentence_before);
    if (current_path != NULL) say(current_path);
    say(sentence_after);
    _exit(exit_status);
}

// Only what is safe in a signal handler: write and _exit.
static void handle(int number, siginfo_t *info, void *context) {
    if (current_path != NULL) map_guard_fail();
    struct sigaction *old = &former[number];
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(number, info, context);
    } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
        old->sa_handler(number);
    } else {
        // Happens again, by the same instruction or by abort, and is not handled then.
        sigaction(number, old, NULL);
    }
}

void map_guard_install(const char *before, const char *after, int status) {
    sentence_before = before;
    sentence_after = after;
    exit_status = status;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++) {
        sigaction(numbers[index], &action, &former[numbers[index]]);
    }
}
