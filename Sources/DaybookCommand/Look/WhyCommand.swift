#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say what an execution waits for, since when, and what helps."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        try common.inspect { inspector in
            let record = try inspector.record(of: id)
            var interruptions = Interruptions(inspector)
            let isInterrupted = try interruptions.contains(record)
            let state = try inspector.openState(of: record)
            var runbooks = RecordedRunbooks(inspector)
            let waits = try state.map { try inspector.waits(of: $0) } ?? []
            let asked = try waits.map { (wait: $0, approval: try runbooks.approval($0)) }
            let lag = try ClockLag(inspector)
            lag.warn(common)
            var reasons = try standing(record, inspector, &runbooks)
            for (wait, approval) in asked {
                reasons.append(try reason(wait, approval, of: record, inspector))
            }
            if let state { reasons += try holding(state, of: record, inspector) }
            if common.json {
                try common.write("daybook.why/1") { json in
                    record.write(to: &json, isInterrupted: isInterrupted)
                    lag.write(to: &json)
                    let needs = try asked.isEmpty ? nil : SecretNeeds(inspector)
                    json.key("pending")
                    json.array { json in
                        for (wait, approval) in asked {
                            json.object { wait.write(approval, needs, to: &$0) }
                        }
                    }
                    json.key("reasons")
                    json.array { json in
                        for reason in reasons { json.object { reason.write(to: &$0) } }
                    }
                }
                return
            }
            common.output.line("\(id: record.id) \(record.standing(isInterrupted: isInterrupted))")
            for reason in reasons { reason.write(to: common.output) }
        }
    }

    /// A sentence on why an execution stands as it does, and what helps.
    private struct Reason {
        /// Nil: what helps is about how it has ended, or about the sentence before.
        let words: TerminalText?
        let advice: TerminalText?

        init(_ words: TerminalText?, advice: TerminalText? = nil) {
            self.words = words
            self.advice = advice
        }

        func write(to output: Terminal) {
            if let words { output.line("  \(words)") }
            if let advice { output.line("    \(advice)") }
        }

        func write(to json: inout JSONWriter) {
            json.member("words", words?.raw)
            json.member("advice", advice?.raw)
        }
    }

    /// How it has ended, what came of that, and what a person is to decide.
    private func standing(
        _ record: ExecutionRecord,
        _ inspector: Inspector,
        _ runbooks: inout RecordedRunbooks
    ) throws -> [Reason] {
        var reasons: [Reason] = []
        if let end = try inspector.ending(of: record) {
            reasons.append(Reason("entry \(end.sequence): \(end.eventName) \(end.summary)"))
            if let sibling = try inspector.siblingMessage(of: record, end) {
                reasons.append(Reason("\(sibling)"))
            }
        }
        if record.status.isFinal, let reason = record.parkingReason {
            reasons.append(Reason("cleaning up is parked: \(reason.text)"))
        }
        if let error = record.lastErrorText {
            reasons.append(Reason("the last attempt that failed ended with \(error)"))
        }
        for line in try inspector.undoings(of: record) { reasons.append(Reason("\(line)")) }
        if record.isClosed, let advice = try record.advice(common, inspector) {
            reasons.append(Reason(nil, advice: "\(advice)"))
        }
        for doubt in record.doubts {
            let words = try doubt.words(inspector, runbooks.runbook(of: record), time)
            reasons.append(Reason(words, advice: doubt.advice(record.id, common)))
        }
        if let words = try record.pinWords(inspector, common) { reasons.append(Reason(words)) }
        return reasons
    }

    private func reason(
        _ wait: PendingWait,
        _ approval: WaitingApproval?,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> Reason {
        let until = wait.until.map { ", until \(time.text($0))" } ?? ""
        let words = approval?.words ?? wait.words
        // It runs now, and nobody waits for anything else.
        var verb = "waits for"
        if case .unfinished = wait.reason { verb = "runs" }
        return Reason(
            "\(verb) \(words) since \(time.text(wait.since))\(until) (entry \(wait.sequence))",
            advice: try advice(on: wait, approval, of: record, inspector).map { "\($0)" }
        )
    }

    /// Which process holds it.
    private func holding(
        _ state: borrowing ExecutionState,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> [Reason] {
        guard let session = state.session else { return [] }
        let advice: TerminalText? = try advice(onSession: session, of: record, inspector)
            .map { "\($0)" }
        var words: TerminalText?
        if state.status == .running {
            words = "runs in session \(session), attempt \(state.attempt)"
        } else if state.owesCleaning {
            words = "cleans up in session \(session)"
        }
        var reasons: [Reason] = []
        if words != nil || advice != nil { reasons.append(Reason(words, advice: advice)) }
        if state.status == .running, state.deadline.rawValue != 0 {
            reasons.append(Reason("its attempt times out at \(time.text(state.deadline))"))
        }
        return reasons
    }

    private func advice(
        on wait: PendingWait,
        _ approval: WaitingApproval?,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> String? {
        if let accept = approval?.approval.accept {
            return WaitingApproval.advice(wait.id.shellArgument, accept, common)
        }
        return record.doubts.isEmpty ? try wait.advice(common, record, inspector) : nil
    }

    /// What is to be done when the process that holds an execution does not work on it any more.
    private func advice(
        onSession number: UInt64,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> String? {
        guard let session = try inspector.state().sessions.first(where: { $0.number == number })
        else { return nil }
        switch try SessionLiveness.of(session, in: JournalFolder(try common.journalPath())) {
        case .alive: return nil
        case .gone:
            return
                "its process is gone; \(WorkerAdvice(record.type, common).toTakeOver)"
        case .stopped:
            return
                "its process \(session.pid) is stopped: continue it, or `daybook session evict\(common.journalWords) \(number) --kill`"
        }
    }
}
#endif
