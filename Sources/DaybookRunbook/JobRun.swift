#if CLI
import Daybook
import DaybookSystem

/// Where the values come from that a job sees.
struct JobEnvironment: Sendable {
    let request: RunbookRequest
    /// Outputs of the jobs before, by job and key.
    let outputs: [String: [String: String]]
    let workspace: String
    /// The execution's id.
    let id: String
    /// The element that the job runs for.
    var each: EachElement?

    /// Linux starts no program with a variable of 131,072 bytes or more (MAX_ARG_STRLEN): one that
    /// is too large is left out, or no job could be started any more.
    private static func fits(_ value: String) -> Bool { value.utf8.count <= 120_000 }

    /// The variables of a job, without those that it declares itself.
    func variables() -> [String: String] {
        var all = request.environment
        for (name, value) in request.inputs where Self.fits(value) {
            all[EnvironmentName.forInput(name)] = value
        }
        // In order: keys that a script has made up itself may come to the same variable.
        for job in outputs.keys.sorted() {
            for (key, value) in (outputs[job] ?? [:]).sorted(by: { $0.key < $1.key })
            where Self.fits(value) {
                all[EnvironmentName.forOutput(key, ofJob: job)] = value
            }
        }
        if let each {
            all[EnvironmentName.eachItem] = each.item
            all[EnvironmentName.eachIndex] = "\(each.index)"
        }
        all["WORKSPACE"] = workspace
        all["DAYBOOK_EXECUTION"] = id
        return all
    }
}

/// One run of a job's script.
struct JobRun {
    let job: Runbook.Job
    let environment: JobEnvironment

    /// Runs the job.
    /// - Throws: `OperationError` with the code `exit-status` or `signal`.
    func run(_ operation: OperationContext) async throws -> JobResult {
        // A file of its own: others may run side by side.
        let file = "\(environment.workspace)/.daybook-output-\(operation.idempotencyKey)"
        try Folder.removeFile(file)
        let last = LastLine()
        let extra = [
            "DAYBOOK_OUTPUT": file, "DAYBOOK_OPERATION_KEY": operation.idempotencyKey,
        ]
        let ending = try await execute(job.run, extra: extra, note: { try operation.note($0) }) {
            line,
            source in
            operation.log(line, source == .standardOutput ? .standardOutput : .standardError)
            if source == .standardError { last.set(line) }
        }
        switch ending {
        case .exited(0):
            let written = try FileStatus.of(file) == nil ? [] : try File.contents(of: file)
            try Folder.removeFile(file)
            return JobResult(
                exitStatus: 0,
                outputs: try outputs(written: OutputFile.parse(written))
            )
        case .exited(let status):
            throw OperationError(
                code: "exit-status",
                message: "the job \(job.name) exited with status \(status)\(last.suffix)",
                details: Array(#"{"exitStatus":\#(status)}"#.utf8)
            )
        case .signalled(let signal):
            throw OperationError(
                code: "signal",
                message: "the job \(job.name) was ended by signal \(signal)\(last.suffix)",
                details: Array(#"{"signal":\#(signal)}"#.utf8)
            )
        }
    }

    /// Outputs: those that the script wrote into its file, then those that the runbook declares.
    func outputs(written: [String: String]) throws -> [String: String] {
        var all = written
        let variables = try variables()
        for output in job.output {
            all[output.name] = try output.template.render(
                environment: variables,
                inputs: environment.request.inputs,
                outputs: environment.outputs,
                each: environment.each
            )
        }
        return all
    }

    private func variables() throws -> [String: String] {
        let common = environment.variables()
        var all = common
        for variable in job.environment {
            all[variable.name] = try variable.template.render(
                environment: common,
                inputs: environment.request.inputs,
                outputs: environment.outputs,
                each: environment.each
            )
        }
        return all
    }

    /// Runs a script of the job to its end, and ends it when the task is cancelled.
    /// - Parameter note: told of the process group before the script begins.
    func execute(
        _ script: String,
        extra: [String: String] = [:],
        note: (ProcessGroup) throws -> Void,
        _ line: @escaping (String, ChildProcess.Source) -> Void
    ) async throws -> ChildProcess.Ending {
        var variables = try variables()
        for (name, value) in extra { variables[name] = value }
        let child = try ChildProcess.start(
            script: script,
            environment: variables,
            folder: environment.workspace
        )
        try note(child.group)
        let lines = LineCollector()
        let ending: ChildProcess.Ending = try await withTaskCancellationHandler {
            // Told to stop before it began: nothing of it is to run.
            let isUnwanted = Task.isCancelled
            return try await SystemThread.run {
                child.begin(unless: isUnwanted)
                return try child.wait { lines.add($0, $1) }
            }
        } onCancel: {
            child.stop()
        }
        for (text, source) in lines.finish() { line(text, source) }
        return ending
    }
}

/// The last line of an error output, for the message of a failure.
private final class LastLine: Sendable {
    private let line = Locked("")

    func set(_ text: String) { if !text.isEmpty { line.withLock { $0 = text } } }

    var suffix: String {
        let text = line.withLock { $0 }
        return text.isEmpty ? "" : ": \(text)"
    }
}

/// The file that a job may write outputs into: lines of `key=value`.
enum OutputFile {
    static func parse(_ bytes: [UInt8]) throws(OperationError) -> [String: String] {
        var all: [String: String] = [:]
        // By bytes: to Swift a line end of Windows is one character, and so is an equals sign with
        // a combining character after it.
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty { continue }
            let text = String(decoding: line, as: UTF8.self)
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex
            else {
                throw OperationError(
                    code: "invalid-output",
                    message:
                        "the job wrote the line \"\(text)\" to $DAYBOOK_OUTPUT, and lines there have the form key=value"
                )
            }
            let key = String(decoding: line[..<equals], as: UTF8.self)
            all[key] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        return all
    }
}
#endif
