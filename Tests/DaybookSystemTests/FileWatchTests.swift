import DaybookSystem
import Glibc
import Testing

@Suite struct FileWatchTests {
    @Test func aChangeWakesTheWaiting() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            let answers = Locked<[Bool]>([])
            let thread = try waiting(for: watch, answers)
            try file.append([1])
            answers.wait(until: { $0 == [true] }) { _ in }
            watch.stop()
            thread.join()
            #expect(answers.withLock { $0.last } == false)
        }
    }

    /// Waits on a thread of its own until the watch says that it is over.
    private func waiting(
        for watch: FileWatch,
        _ answers: Locked<[Bool]>
    ) throws -> SystemThread {
        try SystemThread.start {
            var goesOn = true
            while goesOn {
                do {
                    goesOn = try watch.wait()
                } catch {
                    Issue.record(error)
                    goesOn = false
                }
                answers.withLock { $0.append(goesOn) }
                answers.wakeAll()
            }
        }
    }

    @Test func aChangeBeforeTheWaitingIsNotMissed() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            try file.append([1])
            try file.append([2])
            #expect(try watch.wait())
            watch.stop()
            #expect(try !watch.wait())
        }
    }

    @Test func stoppingBeforeTheWaitingEndsIt() throws {
        try withTemporaryFolder { folder in
            _ = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            watch.stop()
            #expect(try !watch.wait())
        }
    }

    @Test func stoppingEndsEveryLaterWaiting() async throws {
        // In a process of its own, with an alarm, because what is feared is waiting for ever.
        do {
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder in
                    _ = try File.open(folder + "/a", .create)
                    let watch = try FileWatch(folder + "/a")
                    watch.stop()
                    watch.stop()
                    #expect(try !watch.wait())
                    alarm(1)
                    #expect(try !watch.wait())
                }
            }
        }
    }

    @Test func theEndOfTheFileEndsTheWaiting() throws {
        try withTemporaryFolder { folder in
            do { _ = try File.open(folder + "/a", .create) }
            let watch = try FileWatch(folder + "/a")
            try Folder.removeFile(folder + "/a")
            #expect(try !watch.wait())
        }
    }

    @Test func aFileThatIsNotThereCannotBeWatched() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: SystemError.self) {
                _ = try FileWatch(folder + "/absent")
            }
            #expect(error?.isNotFound == true)
            #expect(error?.path == folder + "/absent")
        }
    }
}
