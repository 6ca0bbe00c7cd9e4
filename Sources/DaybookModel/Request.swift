import DaybookFormat
import SwiftProtobuf

/// Who asks for something, and why.
///
/// Its entry keeps what the session does not say: another actor than the session's, who vouches for
/// it, and the reason, which is a payload of its own and can be erased.
package struct Request: Sendable {
    /// Who asks, as is claimed; nil: the session's actor.
    package let actor: Name?
    /// Who vouches for the actor, for example `mtls:CN=payments`; nil: nobody does.
    package let principal: Name?
    /// Why, in words; one payload, if a reason was given.
    package let reason: SealedPayloads?

    /// The session's actor asks, without a reason.
    package static let session = Request()

    /// Actor and principal have 1 to 255 bytes each, which is checked when a command is decided.
    package init(actor: Name? = nil, principal: Name? = nil, reason: SealedPayloads? = nil) {
        self.actor = actor
        self.principal = principal
        self.reason = reason
    }

    /// The session's actor asks, and says no more.
    var isPlain: Bool { actor == nil && principal == nil && reason == nil }

    /// The same, without its reason: for an entry that comes with another one that has it.
    var withoutReason: Request { Request(actor: actor, principal: principal) }

    /// The same, with an actor.
    /// - Parameter sessionActor: who asks unless it says who; empty: it is not known.
    func named(_ sessionActor: String) -> Request {
        guard actor == nil, !sessionActor.isEmpty else { return self }
        return Request(actor: Name(sessionActor), principal: principal, reason: reason)
    }

    /// - Throws: ``Refusal/Code/invalidArgument``.
    func check() throws(Refusal) {
        if let actor { try Names.check(actor, "actor") }
        if let principal { try Names.check(principal, "principal") }
    }

    /// `daybook.v1.Request` with its tag and length; nothing when there is nothing to say.
    /// - Parameter actor: the session's; nil: whoever asks is named in any case.
    func encoded(besides sessionActor: String?) -> [UInt8] {
        var request = ProtoRequest()
        if let actor, sessionActor.map({ actor.text.hasBytes(of: $0) }) != true {
            request.actor = actor.text
        }
        if let principal { request.principal = principal.text }
        request.reason = reason != nil
        guard request != ProtoRequest() else { return [] }
        var writer = WireWriter(capacity: 64)
        writer.message(request.encoded(), Wire.Entry.request)
        return Array(writer.bytes)
    }
}

extension Transaction {
    /// The actor of the session that asks; empty: it is not open.
    var sessionActor: String {
        state.sessions.first { $0.number == session }?.actor ?? ""
    }
}
