import DaybookFormat
import DaybookModel

/// Who asks an engine for something, and why. The same everywhere: `by: Requester(actor: "eve")`.
///
/// It is recorded with what was asked for, beside the session by which it was asked, whose user the
/// operating system knows. An actor is a claim of the program; a principal is what somebody else
/// vouches for.
public struct Requester: Hashable, Sendable {
    /// Who asks, 1 to 255 bytes; nil: the session's actor, ``EngineOptions/actor``.
    public var actor: String?
    /// Why, in words; nil: no reason. It is kept as a payload, which can be erased.
    public var reason: String?
    /// Who vouches for the actor, 1 to 255 bytes, for example `mtls:CN=payments`; nil: nobody does.
    public var principal: String?

    /// The session's actor, without a reason.
    public static let session = Requester()

    /// - Parameters:
    ///   - actor: who asks, 1 to 255 bytes; nil: the session's actor.
    ///   - reason: why, in words, no longer than a payload may be.
    ///   - principal: who vouches for the actor, 1 to 255 bytes.
    public init(actor: String? = nil, reason: String? = nil, principal: String? = nil) {
        self.actor = actor
        self.reason = reason
        self.principal = principal
    }
}

extension EngineCore {
    /// What is recorded of who asks.
    /// - Parameters:
    ///   - id: of what it is asked, whose secrets are kept out of the reason; nil: of something new.
    ///   - redactor: keeps other secrets out of it.
    /// - Throws: `PayloadTooLarge` for the reason.
    func request(
        _ requester: Requester,
        of id: Name? = nil,
        _ redactor: Redactor? = nil
    ) throws -> Request {
        if requester == .session { return .session }
        var requester = requester
        if let reason = requester.reason {
            let redactors = [redactor, id.flatMap { secrets(of: $0)?.redactor }].compactMap { $0 }
            requester.reason = redactors.reduce(reason) { $1.redacted($0) }
        }
        return Request(
            actor: requester.actor.map { Name($0) },
            principal: requester.principal.map { Name($0) },
            reason: try requester.reason.map {
                try SealedPayloads([.text($0)], limit: payloadLimit)
            }
        )
    }
}
