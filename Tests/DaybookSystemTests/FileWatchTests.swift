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

    @Test func theMembersOfAFolderAreToldAndASecondFileOnlyWhileItIsFollowed() throws {
        try withTemporaryFolder { folder in
            try Folder.create(folder + "/members")
            let file = try File.open(folder + "/data", .create)
            let watch = try FileWatch(folder + "/members", .members)
            let answers = Locked<[Bool]>([])
            let thread = try waiting(for: watch, answers)
            // What is written into a file that is not followed is told to nobody: the next thing
            // that is told is the new member.
            try file.append([1])
            let member = try File.open(folder + "/members/a", .create)
            answers.wait(until: { $0 == [true] }) { _ in }
            try member.append([1])
            try watch.follow(folder + "/data")
            #expect(watch.isFollowing)
            try file.append([2])
            answers.wait(until: { $0 == [true, true] }) { _ in }
            watch.unfollow()
            #expect(!watch.isFollowing)
            try file.append([3])
            try Folder.removeFile(folder + "/members/a")
            answers.wait(until: { $0 == [true, true, true] }) { _ in }
            watch.stop()
            thread.join()
            #expect(answers.withLock { $0 } == [true, true, true, false])
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

    /// What was written, and could not be seen at once, is told again when it can be.
    @Test func aChangeThatIsNotSeenAtOnceIsToldAgain() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            var answers: [Bool] = []
            func isBehind() -> Bool { answers.popLast() ?? false }
            try file.append([1])
            answers = [false, true, true, true]
            #expect(try watch.wait(whileBehind: isBehind))
            #expect(answers == [false, true, true], "asked once, before the look")
            #expect(try watch.wait(whileBehind: isBehind))
            #expect(answers == [], "asked until it was there")
            // A change meanwhile is told too, and asked about anew.
            try file.append([2])
            answers = [true]
            #expect(try watch.wait(whileBehind: isBehind))
            try file.append([3])
            #expect(try watch.wait(whileBehind: isBehind))
            watch.stop()
            #expect(try !watch.wait(whileBehind: isBehind))
        }
    }

    @Test func stoppingEndsTheWaitingForWhatCannotBeSeen() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            try file.append([1])
            #expect(try watch.wait { true })
            let asked = Locked(0)
            let thread = try SystemThread.start {
                do {
                    let goesOn = try watch.wait {
                        asked.withLock { $0 += 1 }
                        asked.wakeAll()
                        return true
                    }
                    #expect(!goesOn)
                } catch {
                    Issue.record(error)
                }
            }
            asked.wait(until: { $0 >= 3 }) { _ in }
            watch.stop()
            thread.join()
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
                    alarm(60)
                    #expect(try !watch.wait())
                }
            }
        }
    }

    /// That the file has lost its name is a change, which may be told before its end.
    @Test func theEndOfTheFileEndsTheWaiting() throws {
        try withTemporaryFolder { folder in
            do { _ = try File.open(folder + "/a", .create) }
            let watch = try FileWatch(folder + "/a")
            try Folder.removeFile(folder + "/a")
            var changes = 0
            while try watch.wait() { changes += 1 }
            #expect(changes <= 1)
        }
    }

    /// As a process that is being started has it open: the file ends when nobody has it any more.
    @Test func aFileThatSomebodyHasOpenLosesItsNameBeforeItEnds() throws {
        try withTemporaryFolder { folder in
            let file = try File.open(folder + "/a", .create)
            let watch = try FileWatch(folder + "/a")
            try Folder.removeFile(folder + "/a")
            #expect(try watch.wait())
            _ = consume file
            #expect(try !watch.wait())
        }
    }

    /// A user may have 128 inotify instances, over all processes.
    @Test func manyWatchesAreNoBurden() throws {
        try withTemporaryFolder { folder in
            let files = try (0..<300).map { number -> String in
                let path = folder + "/\(number)"
                _ = try File.open(path, .create)
                return path
            }
            let watches = try files.map { try FileWatch($0) }
            let twice = try FileWatch(files[7])
            try File.open(files[7], .readWrite).append([1])
            #expect(try watches[7].wait())
            #expect(try twice.wait())
            twice.stop()
            try File.open(files[7], .readWrite).append([2])
            #expect(try watches[7].wait())
            for (file, watch) in zip(files, watches) where file != files[7] {
                try File.open(file, .readWrite).append([3])
                #expect(try watch.wait())
            }
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
