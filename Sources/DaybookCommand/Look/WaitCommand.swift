#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until an execution has ended, and say how.",
        discussion: """
            Ctrl-C detaches; it does not cancel. An execution that is paused is waited for: \
            somebody may resume it. Exit status: 0 completed; 7 failed or cancelled; 8 timed out, it or a job that ended it; \
            9 parked; 75 it has not ended within --timeout. When the process that runs it is gone, a \
            line says so, and it is waited for on: another may take over.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp("Wait no longer than this span (30s, 5m, 12h).", valueName: "span")
    )
    var timeout: Span?

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        let inspector = try Inspector(path: try common.journalPath())
        defer { inspector.close() }
        let watch = try inspector.follow()
        // That a process ends is nothing that the journal tells.
        let processes = try ProcessWatch { _ in watch.watch.touch() }
        defer { processes.stop() }
        let told = Locked(Told())
        let end = try await Following.run(watch, inspector, patience: timeout?.duration) {
            let record = try inspector.record(of: id)
            let isInterrupted = try isInterrupted(record, inspector, processes, told)
            for notice in told.withLock({ $0.news(record, isInterrupted, common) }) {
                common.errors.line(notice)
            }
            return record.isClosed || record.isParked ? record : nil
        }
        let record: ExecutionRecord
        switch end {
        case .found(let found): record = found
        case .interrupted: throw CommandEnd(status: .interrupted)
        case .late:
            let last = try inspector.record(of: id)
            // It may have ended since it was looked at last.
            if last.isClosed || last.isParked {
                record = last
                break
            }
            var interruptions = Interruptions(inspector)
            let isInterrupted = try interruptions.contains(last)
            throw NotInTime(
                description:
                    "the execution \(id.shownAsID) has not ended within \(timeout?.description ?? ""): it is \(last.statusText(isInterrupted: isInterrupted)); wait for it again, or see `daybook why\(common.journalWords) \(id.shellArgument)`"
            )
        }
        if common.json {
            common.write("daybook.wait/1") { record.write(to: &$0) }
        } else {
            common.output.line("\(id: record.id) \(record.statusText)")
        }
        if let status = record.exitStatus { throw CommandEnd(status: status) }
    }

    /// What somebody who waits has been told.
    private struct Told: Sendable {
        var isPaused = false
        /// The session whose end was told.
        var lost: UInt64?
        /// The session the end of whose process is told.
        var watched: UInt64?

        /// What is new.
        mutating func news(
            _ record: ExecutionRecord,
            _ isInterrupted: Bool,
            _ common: CommonOptions
        ) -> [TerminalText] {
            var all: [TerminalText] = []
            let isPausedNow = record.isPaused && !record.isClosed
            if isPaused != isPausedNow { all.append(record.pauseNotice(common)) }
            isPaused = isPausedNow
            if isInterrupted, lost != record.holder {
                lost = record.holder
                all.append(record.interruptionNotice(common))
            }
            return all
        }
    }

    /// Whether an execution is interrupted; that it will be is told by `processes`.
    private func isInterrupted(
        _ record: ExecutionRecord,
        _ inspector: Inspector,
        _ processes: ProcessWatch,
        _ told: Locked<Told>
    ) throws -> Bool {
        guard let holder = record.holder else { return false }
        let isNew = told.withLock { told in
            defer { told.watched = holder }
            return told.watched != holder
        }
        // Before it is asked for: what ends between the two is found by the one or the other.
        if isNew {
            do {
                _ = try processes.add(inspector.session(holder))
            } catch let error as SystemError {
                // Whether it lives is then asked for whenever something is recorded.
                if common.verbose {
                    common.errors.line("the end of session \(holder) cannot be watched: \(error)")
                }
            }
        }
        var interruptions = Interruptions(inspector)
        return try interruptions.contains(record)
    }
}
#endif
