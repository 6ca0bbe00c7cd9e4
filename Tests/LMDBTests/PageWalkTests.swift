import CLMDB
import DaybookSystem
import Testing

@testable import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct PageWalkTests {
    @Test func nothingIsReportedOfAnEmptyEnvironment() throws {
        try withFolder { folder in
            let environment = try Workload.open(folder + "/data")
            #expect(try environment.problems() == [])
            _ = try environment.openDatabases(Workload.layout)
            #expect(try environment.problems() == [])
            environment.close()
            #expect(throws: LMDBError.self) { try environment.problems() }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func nothingIsReportedAfterAnyWrites(seed: UInt64) throws {
        try withFolder { folder in
            let environment = try Workload.open(folder + "/data")
            var workload = try Workload(environment, seed: seed)
            for round in 0..<120 {
                try workload.change(operations: 60)
                guard round % 4 == 0 else { continue }
                try #require(try environment.problems() == [])
                try #require(try unaccounted(environment) == [])
            }
            // All kinds of pages have been walked.
            let figures = try workload.statistics()
            #expect(figures.allSatisfy { $0.entries > 0 })
            #expect(figures.contains { $0.branchPages > 1 && $0.depth > 2 })
            #expect(figures.contains { $0.overflowPages > 10 })
            // And all the way back to nothing.
            try workload.removeAll()
            #expect(try environment.problems() == [])
            #expect(try unaccounted(environment) == [])
            environment.close()
        }
    }

    /// What is walked is the file that is open, and not what somebody has put in its place.
    @Test func anotherFileInItsPlaceIsNotLookedAt() throws {
        try withFolder { folder in
            let environment = try Workload.open(folder + "/data")
            defer { environment.close() }
            var workload = try Workload(environment, seed: 1)
            for _ in 0..<5 { try workload.change(operations: 60) }
            let other = try Workload.open(folder + "/other")
            _ = try other.openDatabases(Workload.layout)
            other.close()
            try Folder.rename(folder + "/other", to: folder + "/data")
            #expect(try environment.problems() == [])
        }
    }

    @Test func nothingIsReportedWhileAnotherThreadWrites() throws {
        try withFolder { folder in
            let environment = try Workload.open(folder + "/data")
            let started = try Workload(environment, seed: 4)
            let isDone = Locked(false)
            let writes = Locked(0)
            let rounds = Locked(0)
            let writer = try SystemThread.start {
                var workload = started
                while !isDone.withLock({ $0 }) {
                    do {
                        try workload.change(operations: 12)
                    } catch {
                        Issue.record(error, "seed 4")
                        break
                    }
                    let count = writes.withLock { writes in
                        writes += 1
                        return writes
                    }
                    writes.wakeAll()
                    // What a walk holds cannot be used again: a writer that runs on while one is
                    // slow would fill the map.
                    rounds.wait(until: { count < $0 * 3 + 30 }) { _ in }
                }
                writes.withLock { $0 = .max }
                writes.wakeAll()
            }
            for round in 0..<60 {
                writes.wait(until: { $0 > round * 3 }) { _ in }
                #expect(try environment.problems() == [])
                rounds.withLock { $0 = round + 1 }
                rounds.wakeAll()
            }
            isDone.withLock { $0 = true }
            rounds.withLock { $0 = .max / 4 }
            rounds.wakeAll()
            writer.join()
            environment.close()
        }
    }

    @Test func everyDamageIsReportedOrHarmless() async throws {
        let folder = try makeFolder()
        let path = folder + "/data"
        let environment = try Workload.small(path)
        let walk = try pageWalk(environment)
        let intact = try File.contents(of: path)
        let file = try File.open(path, .readWrite)
        var generator = SeededGenerator(state: 7)
        let fields = Field.all(intact, inUse: walk.inUse)
        var unreported: [Mutant] = []
        var missed: [String] = []
        for mutant in fields.flatMap({ $0.mutants(intact, &generator) }) {
            mutant.apply(to: file)
            defer { mutant.undo(file, intact) }
            if try environment.problems().isEmpty {
                unreported.append(mutant)
                if !mutant.mayGoUnnoticed(intact) { missed.append(mutant.description) }
            }
        }
        #expect(missed == [])
        let splats = (0..<1_000).map { _ in Mutant.splat(intact, &generator) }
        for mutant in splats {
            mutant.apply(to: file)
            defer { mutant.undo(file, intact) }
            if try environment.problems().isEmpty { unreported.append(mutant) }
        }
        #expect(try environment.problems() == [])
        environment.close()
        try Mutant.write(unreported, folder + "/mutants")
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            try Mutant.readAll(in: folder)
        }
        let last = try Mutant.current(in: folder)
        #expect(last == "end", "ended at \(last)")
        try removeFolder(folder)
    }

    @Test func damageOfTheMetaPagesIsRefusedReportedOrHarmless() async throws {
        let folder = try makeFolder()
        let environment = try Workload.small(folder + "/data")
        environment.close()
        let intact = try File.contents(of: folder + "/data")
        var generator = SeededGenerator(state: 8)
        let mutants = (0..<2).flatMap { page in
            (0..<152).flatMap { offset in
                Field(offset: page * 4096 + offset, size: 1, kind: .meta).mutants(
                    intact,
                    &generator
                )
            }
        }
        try Mutant.write(mutants, folder + "/mutants")
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            try Mutant.readAll(in: folder)
        }
        let last = try Mutant.current(in: folder)
        #expect(last == "end", "ended at \(last)")
        try removeFolder(folder)
    }

    /// The pages that are neither in use nor free.
    private func unaccounted(_ environment: Environment) throws -> [UInt64] {
        let walk = try pageWalk(environment)
        return (2...max(2, walk.lastFreePage)).filter {
            walk.lastFreePage > 1 && walk.inUse.insert($0) && walk.free.insert($0)
        }
    }

    private func pageWalk(_ environment: Environment) throws -> PageWalk {
        let walk = PageWalk(try File.open(environment.path, .read), pageSize: 4096)
        #expect(try walk.run(try environment.information().transaction))
        return walk
    }
}

extension Environment {
    func problems() throws -> [PageProblem] {
        var all: [PageProblem] = []
        try checkPages { all.append($0) }
        return all
    }
}
