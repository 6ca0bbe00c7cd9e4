import DaybookFormat
import Testing

@testable import DaybookModel

/// What comes of each command in each situation: the whole of it, to be read beside the rules.
@Suite struct TransitionTests {
    // A number: granted, and the entries are those that ``written`` has under the command in that
    // place, from 1. A word: refused, and nothing is recorded. With a plus: and that is recorded.
    //
    //     =   granted, nothing to record        cf  conflict
    //     sl  stale lease                       nf  not found
    //     e+  ended from outside                ws  wrong state

    /// Of an execution that has not ended. The columns are those of ``Situation``.
    private static let open = """
        asked           sub rdy dly run rnw tim sig orp oru psu prd pdl pru pti psi prk lst hld dbt pin
        submit          =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =
        submitOther     cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf
        execute         1   =   =   =   =   =   =   =   =   1   =   =   =   =   =   =   =   =   =   =
        claim           =   1   =   =   =   =   =   =   =   =   =   =   =   =   =   =   1   =   =   =
        claimFirst      =   1   =   =   =   =   =   =   =   =   =   =   =   =   =   =   1   =   =   =
        start           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        succeed         s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  1   s+  s+
        disappoint      s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        record          s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        again           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        look            s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        sleep           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        await           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        suspend         s+  s+  s+  =   1   =   =   s+  s+  s+  s+  s+  =   =   =   s+  s+  e+  s+  s+
        split           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        settle          s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        gather          s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        complete        s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        fail            s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        failFamily      s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        goOn            s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        release         s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  1   s+  s+
        park            s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        doubt           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        child           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        spawn           s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        join            s+  s+  s+  2   2   2   2   s+  s+  s+  s+  s+  2   2   2   s+  s+  e+  s+  s+
        register        s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        withdraw        s+  s+  s+  cf  cf  cf  cf  s+  s+  s+  s+  s+  cf  cf  cf  s+  s+  e+  s+  s+
        clean           s+  s+  s+  e+  e+  e+  e+  s+  s+  s+  s+  s+  e+  e+  e+  s+  s+  e+  s+  s+
        cleanStep       s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  1   s+  s+
        startUndoable   s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        succeedUndoable s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  1   s+  s+
        failUndoable    s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        againUndoable   s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  e+  s+  s+
        endUndoing      s+  s+  s+  e+  e+  e+  e+  s+  s+  s+  s+  s+  e+  e+  e+  s+  s+  e+  s+  s+
        undoingStep     s+  s+  s+  1   1   1   1   s+  s+  s+  s+  s+  1   1   1   s+  s+  1   s+  s+
        cancel          1   1   1   1   1   1   1   1   2   1   1   1   1   1   1   1   1   1   1   1
        force           1   1   1   1   1   1   1   1   4   1   1   1   1   1   1   1   1   1   1   1
        pause           1   1   1   1   1   1   1   1   1   =   =   =   =   =   =   1   1   1   1   1
        resume          =   =   =   =   =   =   =   =   =   1   1   1   1   1   1   =   =   =   =   =
        retry           cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  1   cf  cf  1   cf
        wipe            =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =
        erase           cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf
        refresh         cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  1   cf  cf  1   cf
        signal          1   1   1   1   1   1   2   1   1   1   1   1   1   1   2   1   1   1   1   1
        failSignal      1   1   1   1   1   1   2   1   1   1   1   1   1   1   2   1   1   1   1   1
        resolve         cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  1   cf
        repin           cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  1
        time            1   =   2   3   4   4   3   4   4   1   =   2   3   4   3   3   3   =   3   3
        close           1   1   1   2   2   1   1   nf  nf  1   1   1   2   1   1   1   nf  2   1   nf
        lose            1   1   1   2   2   1   1   =   =   1   1   1   2   1   1   1   =   2   1   =
        """

    /// Of one that has.
    private static let ended = """
        asked           cmp fai tmo can exp tcl ccl due cln pcn cnt
        submit          =   =   =   =   =   =   =   =   =   =   =
        submitOther     cf  cf  cf  cf  cf  cf  cf  cf  cf  cf  cf
        execute         =   =   =   =   ws  =   =   =   =   =   =
        claim           =   =   =   =   =   =   =   1   =   =   =
        claimFirst      =   =   =   =   =   =   =   1   =   =   1
        start           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        succeed         sl  sl  sl  sl  sl  1   1   s+  cf  s+  sl
        disappoint      sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        record          sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        again           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        look            sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        sleep           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        await           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        suspend         sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        split           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        settle          sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        gather          sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        complete        sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        fail            sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        failFamily      sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        goOn            sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        release         sl  sl  sl  sl  sl  2   2   s+  1   s+  sl
        park            sl  sl  sl  sl  sl  e+  e+  s+  1   s+  sl
        doubt           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        child           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        spawn           sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        join            sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        register        sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        withdraw        sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        clean           sl  sl  sl  sl  sl  e+  e+  s+  1   s+  sl
        cleanStep       sl  sl  sl  sl  sl  1   1   s+  1   s+  sl
        startUndoable   sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        succeedUndoable sl  sl  sl  sl  sl  1   1   s+  cf  s+  sl
        failUndoable    sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        againUndoable   sl  sl  sl  sl  sl  e+  e+  s+  e+  s+  sl
        endUndoing      sl  sl  sl  sl  sl  e+  e+  s+  1   s+  sl
        undoingStep     sl  sl  sl  sl  sl  1   1   s+  ws  s+  sl
        cancel          ws  ws  ws  =   ws  ws  =   =   =   =   1
        force           ws  ws  ws  =   ws  ws  =   2   3   2   1
        pause           ws  ws  ws  ws  ws  ws  ws  1   1   1   1
        resume          ws  ws  ws  ws  ws  ws  ws  =   =   =   =
        retry           ws  1   1   1   1   cf  cf  cf  cf  1   cf
        wipe            =   =   =   =   =   =   =   =   =   =   =
        erase           1   1   1   1   1   cf  cf  cf  cf  cf  cf
        refresh         ws  1   1   1   1   cf  cf  cf  cf  1   cf
        signal          ws  ws  ws  ws  ws  ws  ws  ws  ws  ws  1
        failSignal      ws  ws  ws  ws  ws  ws  ws  ws  ws  ws  1
        resolve         ws  ws  ws  ws  ws  ws  ws  ws  ws  cf  cf
        repin           ws  ws  ws  ws  ws  cf  cf  cf  cf  cf  cf
        time            =   =   =   =   =   =   =   =   =   =   =
        close           1   1   1   1   1   3   3   1   2   1   1
        lose            1   1   1   1   1   3   3   1   2   1   1
        """

    /// Of one with a child, and of one that is a child.
    private static let families = """
        asked           chd kid cch kfa
        submit          =   =   =   =
        submitOther     cf  cf  cf  cf
        execute         =   =   =   =
        claim           =   =   =   =
        claimFirst      1   =   =   =
        start           1   1   s+  sl
        succeed         1   1   s+  sl
        disappoint      1   1   s+  sl
        record          1   1   s+  sl
        again           1   1   s+  sl
        look            1   1   s+  sl
        sleep           1   1   s+  sl
        await           1   1   s+  sl
        suspend         =   =   s+  sl
        split           1   1   s+  sl
        settle          2   1   s+  sl
        gather          2   1   s+  sl
        complete        2   3   s+  sl
        fail            2   3   s+  sl
        failFamily      2   3   s+  sl
        goOn            2   1   s+  sl
        release         1   1   s+  sl
        park            1   1   s+  sl
        doubt           1   1   s+  sl
        child           1   1   s+  sl
        spawn           1   1   s+  sl
        join            2   2   s+  sl
        register        1   1   s+  sl
        withdraw        cf  cf  s+  sl
        clean           e+  e+  s+  sl
        cleanStep       1   1   s+  sl
        startUndoable   1   1   s+  sl
        succeedUndoable 1   1   s+  sl
        failUndoable    1   1   s+  sl
        againUndoable   1   1   s+  sl
        endUndoing      e+  e+  s+  sl
        undoingStep     1   1   s+  sl
        cancel          3   1   =   ws
        force           5   1   =   ws
        pause           1   1   ws  ws
        resume          =   =   ws  ws
        retry           cf  cf  cf  cf
        wipe            =   =   =   =
        erase           cf  cf  cf  cf
        refresh         cf  cf  cf  cf
        signal          1   1   ws  ws
        failSignal      1   1   ws  ws
        resolve         cf  cf  ws  ws
        repin           cf  cf  cf  ws
        time            5   =   =   =
        close           1   2   1   2
        lose            1   2   1   2
        """

    /// Of one that has spawned children.
    private static let spawned = """
        asked           spn jon sib set
        submit          =   =   =   =
        submitOther     cf  cf  cf  cf
        execute         =   =   =   =
        claim           =   =   =   =
        claimFirst      1   =   =   =
        start           cf  cf  cf  cf
        succeed         cf  cf  cf  cf
        disappoint      cf  cf  cf  cf
        record          cf  cf  cf  cf
        again           cf  cf  cf  cf
        look            cf  cf  cf  cf
        sleep           cf  cf  cf  cf
        await           cf  cf  cf  cf
        suspend         =   =   =   =
        split           cf  cf  cf  cf
        settle          cf  cf  cf  cf
        gather          cf  cf  cf  cf
        complete        2   4   5   1
        fail            2   4   5   1
        failFamily      2   4   5   1
        goOn            cf  cf  cf  1
        release         1   1   1   1
        park            1   1   1   1
        doubt           cf  cf  cf  cf
        child           cf  cf  cf  cf
        spawn           1   cf  cf  1
        join            1   cf  cf  2
        register        cf  cf  cf  cf
        withdraw        cf  cf  cf  cf
        clean           e+  e+  e+  e+
        cleanStep       1   1   1   1
        startUndoable   cf  cf  cf  cf
        succeedUndoable cf  cf  cf  cf
        failUndoable    cf  cf  cf  cf
        againUndoable   cf  cf  cf  cf
        endUndoing      e+  e+  e+  e+
        undoingStep     1   1   1   1
        cancel          3   4   1   1
        force           5   6   1   1
        pause           1   1   1   1
        resume          =   =   =   =
        retry           cf  cf  cf  cf
        wipe            =   =   =   =
        erase           cf  cf  cf  cf
        refresh         cf  cf  cf  cf
        signal          1   1   1   1
        failSignal      1   1   1   1
        resolve         cf  cf  cf  cf
        repin           cf  cf  cf  cf
        time            5   6   3   3
        close           2   1   1   2
        lose            2   1   1   2
        """

    /// Of one whose checkpoint is to be undone, is being undone, or was and runs again.
    private static let undoing = """
        asked           udb udu fud und pun rnd
        submit          =   =   =   =   =   =
        submitOther     cf  cf  cf  cf  cf  cf
        execute         =   =   =   =   =   =
        claim           =   =   1   =   =   =
        claimFirst      =   =   1   =   =   =
        start           cf  cf  s+  e+  s+  1
        succeed         cf  cf  s+  cf  s+  1
        disappoint      cf  cf  s+  e+  s+  1
        record          cf  cf  s+  e+  s+  1
        again           cf  cf  s+  e+  s+  1
        look            cf  cf  s+  e+  s+  cf
        sleep           cf  cf  s+  e+  s+  cf
        await           cf  cf  s+  e+  s+  cf
        suspend         =   =   s+  e+  s+  =
        split           cf  cf  s+  e+  s+  cf
        settle          cf  cf  s+  e+  s+  cf
        gather          cf  cf  s+  e+  s+  cf
        complete        1   1   s+  e+  s+  1
        fail            5   6   s+  e+  s+  1
        failFamily      5   6   s+  e+  s+  1
        goOn            cf  cf  s+  e+  s+  1
        release         1   1   s+  1   s+  1
        park            1   1   s+  1   s+  1
        doubt           cf  cf  s+  e+  s+  1
        child           cf  cf  s+  e+  s+  cf
        spawn           1   1   s+  e+  s+  cf
        join            2   2   s+  e+  s+  cf
        register        cf  cf  s+  e+  s+  cf
        withdraw        cf  cf  s+  e+  s+  cf
        clean           e+  e+  s+  1   s+  e+
        cleanStep       1   1   s+  1   s+  1
        startUndoable   cf  cf  s+  e+  s+  1
        succeedUndoable cf  cf  s+  cf  s+  1
        failUndoable    cf  cf  s+  e+  s+  1
        againUndoable   cf  cf  s+  e+  s+  1
        endUndoing      e+  e+  s+  1   s+  e+
        undoingStep     1   1   s+  ws  s+  1
        cancel          1   1   ws  ws  ws  1
        force           4   4   2   3   2   1
        pause           1   1   1   1   1   1
        resume          =   =   =   =   =   =
        retry           cf  cf  cf  cf  1   cf
        wipe            =   =   =   =   =   =
        erase           cf  cf  cf  cf  cf  cf
        refresh         cf  cf  cf  cf  1   cf
        signal          1   1   ws  ws  ws  1
        failSignal      1   1   ws  ws  ws  1
        resolve         cf  cf  ws  ws  cf  cf
        repin           cf  cf  cf  cf  cf  cf
        time            3   3   =   =   =   3
        close           2   2   1   2   1   2
        lose            2   2   1   2   1   2
        """

    /// Of one that has a secret.
    private static let keeping = """
        asked           sse rse fse pse
        submit          =   =   =   =
        submitOther     cf  cf  cf  cf
        execute         1   =   =   =
        claim           =   =   =   =
        claimFirst      =   =   =   =
        start           s+  1   sl  s+
        succeed         s+  1   sl  s+
        disappoint      s+  1   sl  s+
        record          s+  1   sl  s+
        register        s+  1   sl  s+
        withdraw        s+  cf  sl  s+
        clean           s+  e+  sl  s+
        cleanStep       s+  1   sl  s+
        again           s+  1   sl  s+
        look            s+  1   sl  s+
        sleep           s+  1   sl  s+
        await           s+  1   sl  s+
        suspend         s+  =   sl  s+
        split           s+  1   sl  s+
        settle          s+  1   sl  s+
        gather          s+  1   sl  s+
        complete        s+  6   sl  s+
        fail            s+  1   sl  s+
        failFamily      s+  1   sl  s+
        goOn            s+  1   sl  s+
        release         s+  1   sl  s+
        park            s+  1   sl  s+
        doubt           s+  1   sl  s+
        child           s+  1   sl  s+
        spawn           s+  1   sl  s+
        join            s+  2   sl  s+
        startUndoable   s+  1   sl  s+
        succeedUndoable s+  1   sl  s+
        failUndoable    s+  1   sl  s+
        againUndoable   s+  1   sl  s+
        endUndoing      s+  e+  sl  s+
        undoingStep     s+  1   sl  s+
        cancel          1   1   ws  1
        force           1   1   ws  1
        pause           1   1   ws  1
        resume          =   =   ws  =
        retry           cf  cf  1   1
        wipe            1   1   1   1
        erase           cf  cf  2   cf
        refresh         cf  cf  2   2
        signal          1   1   ws  1
        resolve         cf  cf  ws  cf
        repin           cf  cf  ws  cf
        failSignal      1   1   ws  1
        time            1   3   =   3
        close           1   2   1   1
        lose            1   2   1   1
        """

    /// The entries of what is granted.
    private static let written: [Asked: [[EventKind]]] = [
        .execute: [[.executionReadied]],
        .claim: [[.executionClaimed]],
        .claimFirst: [[.executionClaimed]],
        .start: [[.operationStarted]],
        .succeed: [[.checkpointSucceeded]],
        .disappoint: [[.checkpointFailed]],
        .record: [[.operationRecorded]],
        .again: [[.operationRetried]],
        .look: [[.operationRetried]],
        .sleep: [[.timerStarted]],
        .await: [[.signalAwaited]],
        .suspend: [[.executionWaiting]],
        .split: [[.branchesStarted]],
        .settle: [[.branchSettled], [.branchSettled, .executionCancelled, .childEnded]],
        .gather: [[.branchSettled], [.branchSettled, .executionCancelled, .childEnded]],
        .complete: [
            [.executionCompleted],
            [
                .executionCompleted, .leaseReleased, .executionCancelled, .childEnded,
                .executionClosed,
            ], [.executionCompleted, .childEnded],
            [.executionCompleted, .leaseReleased, .executionCancelled],
            [.executionCompleted, .leaseReleased],
            [.secretsWiped, .executionCompleted],
        ],
        .fail: [
            [.executionFailed],
            [.executionFailed, .leaseReleased, .executionCancelled, .childEnded, .executionClosed],
            [.executionFailed, .childEnded],
            [.executionFailed, .leaseReleased, .executionCancelled],
            [.executionFailed, .leaseReleased],
            [.cleaningSkipped, .executionFailed, .leaseReleased],
        ],
        .goOn: [
            [.executionContinued, .executionSubmitted, .executionReadied],
            [.executionCancelled, .executionContinued, .executionSubmitted, .executionReadied],
        ],
        .release: [[.leaseReleased], [.executionClosed]],
        .park: [[.executionParked]],
        .register: [[.operationRecorded]],
        .clean: [[.cleaningEnded]],
        .cleanStep: [[.checkpointSucceeded]],
        .cancel: [
            [.executionCancelled], [.executionCancelled, .leaseLost],
            [.executionCancelled, .executionCancelled, .childEnded],
            [.executionCancelled, .executionCancelled],
        ],
        .force: [
            [.executionCancelled], [.cleaningSkipped, .executionClosed], [.cleaningSkipped],
            [.cleaningSkipped, .executionCancelled],
            [.executionCancelled, .executionCancelled, .childEnded],
            [.executionCancelled, .executionCancelled],
        ],
        .doubt: [[.executionParked]],
        .pause: [[.executionPaused]],
        .resume: [[.executionResumed]],
        .retry: [[.executionReopened]],
        .wipe: [[.secretsWiped]],
        .erase: [[.payloadsErased], [.secretsWiped, .payloadsErased]],
        .refresh: [
            [.executionReopened, .secretsStored],
            [.executionReopened, .secretsWiped, .secretsStored],
        ],
        .resolve: [[.operationResolved]],
        .repin: [[.executionRepinned]],
        .signal: [[.signalReceived], [.signalReceived, .signalDelivered]],
        .failSignal: [[.signalReceived], [.signalReceived, .signalDelivered]],
        .time: [
            [.executionExpired], [.executionReadied], [.executionTimedOut], [.timerFired],
            [.executionTimedOut, .executionCancelled, .childEnded],
            [.executionTimedOut, .executionCancelled],
        ],
        .close: [
            [.sessionClosed], [.sessionClosed, .leaseReleased], [.sessionClosed, .executionClosed],
        ],
        .lose: [[.sessionLost], [.sessionLost, .leaseLost], [.sessionLost, .executionClosed]],
        .child: [[.childStarted, .executionSubmitted, .executionReadied]],
        .spawn: [[.childStarted, .executionSubmitted, .executionReadied]],
        .join: [[.childrenAwaited], [.childrenAwaited, .childrenSettled]],
        .failFamily: [
            [.executionFailed],
            [.executionFailed, .leaseReleased, .executionCancelled, .childEnded, .executionClosed],
            [.executionFailed, .childEnded],
            [.executionFailed, .leaseReleased, .executionCancelled],
            [.executionFailed, .leaseReleased],
            [.cleaningSkipped, .executionFailed, .leaseReleased],
        ],
        .undoingStep: [[.checkpointSucceeded]],
        .endUndoing: [[.cleaningEnded]],
        .startUndoable: [[.operationStarted]],
        .againUndoable: [[.operationRetried]],
        .succeedUndoable: [[.checkpointSucceeded]],
        .failUndoable: [[.checkpointFailed]],
    ]

    private static let refusals: [String: Refusal.Code] = [
        "cf": .conflict, "nf": .notFound, "ws": .wrongState, "sl": .staleLease, "s+": .staleLease,
        "e+": .ended,
    ]

    /// What a command comes to.
    private struct Coming: Equatable {
        var refusal: Refusal.Code?
        var entries: [EventKind] = []
    }

    /// The cells of the tables.
    private static func cells() throws -> [Asked: [Situation: String]] {
        var cells: [Asked: [Situation: String]] = [:]
        for table in [open, ended, families, spawned, undoing, keeping] {
            let lines = table.split(separator: "\n").map {
                $0.split(separator: " ").map(String.init)
            }
            let columns = try lines[0].dropFirst().map { try #require(Situation(rawValue: $0)) }
            for line in lines.dropFirst() {
                let asked = try #require(Asked(rawValue: line[0]))
                try #require(line.count == columns.count + 1, "\(asked)")
                for (situation, cell) in zip(columns, line.dropFirst()) {
                    let before = cells[asked, default: [:]].updateValue(cell, forKey: situation)
                    try #require(before == nil, "\(asked), \(situation)")
                }
            }
        }
        return cells
    }

    @Test(arguments: Asked.allCases)
    func aCommandComesToWhatTheTableSays(_ asked: Asked) throws {
        let row = try #require(try Self.cells()[asked])
        for situation in Situation.allCases {
            let cell = try #require(row[situation], "\(situation)")
            var expected = Coming()
            if let place = Int(cell) {
                expected.entries = try #require(Self.written[asked])[place - 1]
            } else if cell != "=" {
                let refusal = try #require(Self.refusals[cell], "\(situation)")
                expected.refusal = refusal
                if cell.hasSuffix("+") { expected.entries = [.commandRefused] }
            }
            let found = try Self.come(asked, situation)
            #expect(found == expected, "\(asked), \(situation)")
        }
    }

    private static func come(_ asked: Asked, _ situation: Situation) throws -> Coming {
        var standing = try Standing(situation)
        let before = standing.harness.next
        var found = Coming()
        do {
            try standing.ask(asked)
        } catch let refusal as Refusal {
            found.refusal = refusal.code
        }
        found.entries = try (before..<standing.harness.next).map { sequence in
            try withEntry(standing.harness.bytes(sequence)) { entry in
                try #require(EventKind(rawValue: entry.event))
            }
        }
        return found
    }
}
