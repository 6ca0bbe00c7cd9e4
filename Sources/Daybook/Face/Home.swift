import DaybookFormat
import DaybookJournal
package import DaybookModel
import DaybookSystem
import FoundationEssentials
import SwiftProtobuf

/// Where a journal's file is: on which machine, and which file there.
///
/// Two copies of a journal that both go on would be two histories under one name. So one that finds
/// itself elsewhere than recorded is only read, until somebody has said, for the record, that it is
/// at home there.
struct Home {
    private let binding: ProtoBinding
    private let path: String

    init(of folder: JournalFolder) throws {
        path = folder.path
        binding = try ProtoBinding(of: folder)
    }

    /// - Throws: ``JournalError/Code/elsewhere``.
    func check(_ writer: GroupWriter<EngineFold>, isAdopted: Bool) throws {
        let recorded = writer.inspect { $0.state.journal.binding }
        if isAdopted || recorded.isSamePlace(as: binding) { return }
        let isHere = recorded.machine == binding.machine
        throw JournalError(
            .elsewhere,
            "\(path) is a copy, or was moved: it is at home \(isHere ? "in another file of this machine" : "on another machine"). It can be read here; to write it, make sure that the other one is not written any more, and run `daybook adopt --reason WHY`"
        )
    }

    /// What would be recorded.
    func adoption(actor: String, reason: String) throws -> AdoptJournal {
        AdoptJournal(
            binding,
            actor: actor,
            reason: try SealedPayloads([.text(reason)], limit: 1 << 16)
        )
    }

    /// Records that the journal is at home here.
    func adopt(
        _ writer: GroupWriter<EngineFold>,
        session: UInt64,
        actor: String,
        _ reason: String
    ) async throws {
        let command = try adoption(actor: actor, reason: reason)
        _ = try await EngineCore.perform(writer, session: session) { command }
    }
}

extension Engine {
    /// The command that ``EngineOptions/adoption`` gives a journal, for who wants to see first what
    /// would be recorded.
    /// - Throws: ``JournalError``; `SystemError`; `PayloadTooLarge`.
    package static func adoption(
        at path: String,
        actor: String? = nil,
        reason: String
    ) throws -> AdoptJournal {
        try Home(of: JournalFolder(path))
            .adoption(actor: actor ?? CodeIdentity.userName, reason: reason)
    }
}
