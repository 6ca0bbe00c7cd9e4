import DaybookFormat

@testable import DaybookModel

extension RandomWalk {
    /// Each id is on the lists that the reference model says, under its first run, and on no others.
    func compareLists() throws {
        var expected: [UInt64: Set<[UInt8]>] = [:]
        for number in reference.numbers.values {
            guard var run = reference.executions[number] else { continue }
            let standing: ExecutionList = run.isClosed ? .closed(run.status) : .open
            while let before = run.continuedFrom, let first = reference.executions[before] {
                run = first
            }
            let family: [ExecutionList] = run.parent == 0 ? [] : [.children(of: run.parent)]
            let lists =
                [standing, .type(run.type)] + run.terms.labels.all.map { .label($0) } + family
            expected[run.number] = Set(lists.map(\.key))
        }
        var found: [UInt64: Set<[UInt8]>] = [:]
        for (key, numbers) in harness.lists {
            // Who asked is the auditor's to say.
            if key.starts(with: [0, UInt8(ascii: "a")]) { continue }
            for number in numbers { found[number, default: []].insert(key) }
        }
        for number in Set(expected.keys).union(found.keys).sorted()
        where expected[number] != found[number] {
            throw failure(
                "\(number) is on the lists \(found[number] ?? []), and should be on \(expected[number] ?? [])"
            )
        }
    }
}
