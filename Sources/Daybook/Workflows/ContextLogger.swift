import DaybookModel
import DaybookSystem
public import Logging

extension WorkflowContext {
    /// A logger of this scope: silent while the handler runs where it was before
    /// (``isReplaying``), with the execution's id, its workflow and its attempt as metadata. It may be
    /// kept: it goes by where this scope is when a line is logged.
    ///
    /// Its lines go to swift-log only, their messages without the execution's secrets; ``log(_:)`` keeps one
    /// in the journal.
    public var logger: Logger {
        let handler = ContextLogHandler(self)
        return Logger(label: activation.host.logger.label) { _ in handler }
    }
}

/// Hands on what is logged, unless it was logged before.
private struct ContextLogHandler: LogHandler {
    private var base: any LogHandler
    private let activation: Activation
    private let scope: [UInt32]
    private let position: Locked<UInt32>

    init(_ context: WorkflowContext) {
        activation = context.activation
        scope = context.scope
        position = context.positionForLoggers()
        base = activation.host.logger.handler
        base[metadataKey: "execution"] = "\(context.id)"
        base[metadataKey: "workflow"] = "\(activation.lease.type)"
        base[metadataKey: "attempt"] = "\(context.attempt)"
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        let here = OperationPath(scope: scope, position: position.withLock { $0 })
        guard !activation.hasBeen(at: here), !activation.isCollecting else { return }
        guard let redactor = activation.secrets?.redactor else { return base.log(event: event) }
        var event = event
        event.message = "\(redactor.redacted(event.message.description))"
        base.log(event: event)
    }
}
