import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

@testable import DaybookModel

/// What is closed is archived, and taken back.
extension RandomWalk {
    mutating func archiveOrTakeBack() throws {
        let archived = Set(reference.all.map(\.archived)).subtracting([0]).sorted()
        guard let archive = archived.first, !generator.chance(3) else { return try archive() }
        let session = try draw(reference.sessions)
        let ids = reference.all.filter { $0.archived == archive }.map(\.id)
        let isWrong = generator.chance(8)
        let command = DropArchive(isWrong ? archive + 1 : archive, ids, by: try drawRequest())
        let found = try run(command, session) { $0 }
        let expected = reference.takeBack(ids, from: isWrong ? archive + 1 : archive)
        try compare("taking back \(ids)", found, expected)
    }

    /// Mostly a family that is closed, and as it was seen.
    private mutating func archive() throws {
        let session = try draw(reference.sessions)
        let roots = reference.all.filter { $0.isClosed && $0.parent == 0 && !$0.isContinued }
        let useful = roots.filter { $0.archived == 0 && reference.obstacle($0) == nil }
        let root: ReferenceModel.Execution
        if useful.isEmpty || generator.chance(6) {
            root = try draw(reference.all)
        } else {
            root = try draw(useful)
        }
        var members = reference.family(of: root.id)
        if generator.chance(10), members.count > 1 { members.removeFirst() }
        let isStale = generator.chance(12)
        let command = SealArchive(
            .with {
                $0.name = "file"
                $0.digest = Data(repeating: 1, count: 32)
                $0.root = Data(repeating: 2, count: 32)
                $0.size = harness.next
                $0.executions = UInt32(members.count)
            },
            members.map {
                SealArchive.Member(id: $0.id, number: $0.number, last: $0.last + (isStale ? 1 : 0))
            },
            by: try drawRequest()
        )
        let found = try run(command, session) { $0 }
        let expected = reference.archive(members, isStale: isStale)
        try compare("archiving \(members.map(\.id))", found, expected)
    }
}
