#if CLI
import Daybook
import DaybookSystem
import Glibc

/// Where the values come from that a job sees.
struct JobEnvironment: Sendable {
    let request: RunbookRequest
    /// Outputs of the jobs before, by job and key.
    var outputs: [String: [String: String]]
    let workspace: String
    /// The execution's id.
    let id: String
    /// The element that the job runs for.
    var each: EachElement?
    /// Why the run has ended, for a job that runs because of that.
    var failure: RunFailure?

    /// Linux starts no program with a variable of 131,072 bytes or more (MAX_ARG_STRLEN): one that
    /// is too large is left out, or no job could be started any more. So is one with a NUL, at which it
    /// would be cut.
    private static func fits(_ value: String) -> Bool {
        value.utf8.count <= 120_000 && !value.utf8.contains(0)
    }

    /// Bytes of all variables of inputs and outputs together: Linux takes a quarter of the stack's limit for
    /// arguments and variables, 2 MiB by default, and never less than 128 KiB (execve(2)).
    static let room = 1 << 20

    /// The variables of a job, without those that it declares itself.
    func variables() -> JobVariables {
        var (values, omitted) = values()
        func bytes(_ name: String, _ value: String) -> Int {
            // The text `name=value`, its end and its address.
            name.utf8.count + value.utf8.count + 10
        }
        var size = values.reduce(0) { $0 + bytes($1.key, $1.value) }
        if size > Self.room {
            // By name where the size is the same: always the same ones.
            let largest = values.sorted {
                ($1.value.utf8.count, $0.key) < ($0.value.utf8.count, $1.key)
            }
            for (name, value) in largest {
                if size <= Self.room { break }
                values[name] = nil
                omitted.insert(name)
                size -= bytes(name, value)
            }
        }
        var all = request.environment.merging(values) { _, value in value }
        if let each {
            all[EnvironmentName.eachItem] = each.item
            all[EnvironmentName.eachIndex] = "\(each.index)"
        }
        if let failure {
            all["DAYBOOK_FAILED_JOB"] = failure.job
            all["DAYBOOK_FAILURE"] = failure.message
        }
        all["WORKSPACE"] = workspace
        all["DAYBOOK_EXECUTION"] = id
        return JobVariables(all: all, omitted: omitted.sorted())
    }

    /// Inputs and outputs, each in its variable, and the variables of those that are in none.
    private func values() -> ([String: String], omitted: Set<String>) {
        var all: [String: String] = [:]
        var omitted: Set<String> = []
        func add(_ name: String, _ value: String) {
            // Of several with the same variable the last one counts, also when it is in none.
            if Self.fits(value) {
                all[name] = value
                omitted.remove(name)
            } else {
                all[name] = nil
                omitted.insert(name)
            }
        }
        for (name, value) in request.inputs { add(EnvironmentName.forInput(name), value) }
        // In order: keys that a script has made up itself may come to the same variable.
        for job in outputs.keys.sorted() {
            for (key, value) in (outputs[job] ?? [:]).sorted(by: { $0.key < $1.key }) {
                add(EnvironmentName.forOutput(key, ofJob: job), value)
            }
        }
        return (all, omitted)
    }
}

/// Why a run has ended badly.
struct RunFailure: Sendable {
    /// The job whose failure it was; empty: it was no job's.
    let job: String
    /// The error's message, or `cancelled`.
    let message: String

    /// Characters of the message that a job sees, so that it can always be started.
    private static let limit = 4_096

    init(job: String, message: String) {
        self.job = job
        self.message = String(message.prefix(Self.limit).filter { $0 != "\0" })
    }
}

/// What a job finds in its environment.
struct JobVariables {
    var all: [String: String]
    /// The variables that are left out, because they or all of them are too large, or have a NUL.
    let omitted: [String]

    /// Says so; nil: none is.
    var notice: String? {
        if omitted.isEmpty { return nil }
        let names = omitted.prefix(20).joined(separator: ", ")
        let more = omitted.count > 20 ? " and \(omitted.count - 20) more" : ""
        return
            "[the job has no variable \(names)\(more): what they hold is too large for a program's environment, or has a NUL; read it from a file, or by a template]"
    }
}

/// One run of a job's script.
struct JobRun {
    let job: Runbook.Job
    let environment: JobEnvironment

    /// The code of a job that exited with a status other than 0.
    static let exitStatusCode = "exit-status"
    /// The same of a status that ends the run.
    static let fatalCode = "fatal-exit-status"
    /// The code of a job for which the system starts no program.
    static let tooLargeCode = "arguments-too-large"

    /// Runs the job.
    /// - Throws: `OperationError` with the code `exit-status`, `fatal-exit-status`, `signal`, `invalid-output` or
    ///   `arguments-too-large`; `TemplateError`, before anything runs; `Shortage` when the machine has too little of what it needs.
    func run(_ operation: OperationContext) async throws -> JobResult {
        try await notingShortage { try await runOnce(operation) }
    }

    private func runOnce(_ operation: OperationContext) async throws -> JobResult {
        // Files of its own: others may run side by side.
        let file = "\(try operation.exchangeFolder())/output-\(operation.idempotencyKey)"
        try OutputFile.clear(file, of: job.name)
        let store = try storeFile(operation)
        // What a job that failed has written there counts for nothing, and may hold a secret.
        defer {
            Folder.discardFile(file)
            Folder.discardFile(store.path)
        }
        // Before it runs: a job that has run well is not to fail for what was known before.
        let declared = try declaredOutputs()
        let last = LastLine()
        if let notice = environment.variables().notice { operation.log(notice) }
        let extra = [
            "DAYBOOK_OUTPUT": file, "DAYBOOK_STORE": store.path,
            "DAYBOOK_OPERATION_KEY": operation.idempotencyKey,
        ]
        let secrets = try secrets(operation)
        let ending = try await execute(
            job.run,
            extra: extra.merging(secrets) { own, _ in own },
            operation.redactor,
            note: { try operation.note($0) }
        ) {
            line,
            source in
            operation.log(line, source == .standardOutput ? .standardOutput : .standardError)
            if source == .standardError { last.set(line) }
        }
        switch ending {
        case .exited(0):
            do {
                let result = try result(file, store, declared)
                return operation.redactor.map { result.redacted($0) } ?? result
            } catch let error as OperationError {
                throw error.leavingWork
            }
        case .exited(let status):
            let isFatal = job.fatalStatuses.contains(status)
            let isRetried =
                job.retriedStatuses.isEmpty || job.retriedStatuses.contains(status)
            throw OperationError(
                code: isFatal ? Self.fatalCode : Self.exitStatusCode,
                message: "the job \(name) exited with status \(status)\(last.suffix)",
                isRetryable: isRetried && !isFatal && !job.unretriedStatuses.contains(status),
                details: Array(#"{"exitStatus":\#(status)}"#.utf8)
            )
        case .signalled(let signal):
            throw OperationError(
                code: "signal",
                message: "the job \(name) was ended by signal \(signal)\(last.suffix)",
                details: Array(#"{"signal":\#(signal)}"#.utf8)
            )
        }
    }

    /// What a job has given that exited with 0.
    private func result(
        _ file: String,
        _ store: StoreFile,
        _ declared: [String: String]
    ) throws -> JobResult {
        let written = try OutputFile.read(file, of: job.name)
        var result = JobResult(
            exitStatus: 0,
            // What the script wrote into its file goes before what the runbook declares.
            outputs: declared.merging(try OutputFile.parse(written)) { _, written in written }
        )
        let (stored, removed) = try store.changes()
        if !stored.isEmpty { result.stored = stored }
        if !removed.isEmpty { result.removed = removed }
        return result
    }

    /// The secrets that the job names, by the variables that they are in.
    func secrets(_ operation: OperationContext) throws -> [String: String] {
        var all: [String: String] = [:]
        for name in job.secrets { all[name] = try operation.secret(name).text }
        return all
    }

    /// What people call it: of a block with `each` with the element, as far as it fits into a line.
    var name: String {
        guard let each = environment.each else { return job.name }
        let isLong = each.item.count > 60
        return "\(job.name)[\(each.index)] (\(each.item.prefix(60))\(isLong ? "…" : ""))"
    }

    /// The execution's store, for a script of the job.
    func storeFile(_ operation: OperationContext) throws -> StoreFile {
        try StoreFile(
            "\(operation.exchangeFolder())/store-\(operation.idempotencyKey)",
            of: job.name,
            operation.store.all()
        )
    }

    /// The outputs that the runbook declares.
    func declaredOutputs() throws -> [String: String] {
        let variables = try variables()
        var all: [String: String] = [:]
        for output in job.output { all[output.name] = try render(output.template, variables) }
        return all
    }

    private func variables() throws -> JobVariables {
        let common = environment.variables()
        var all = common
        for variable in job.environment {
            all.all[variable.name] = try render(variable.template, common)
        }
        return all
    }

    private func render(
        _ template: Template,
        _ variables: JobVariables
    ) throws(TemplateError) -> String {
        do {
            return try template.render(
                environment: variables.all,
                inputs: environment.request.inputs,
                outputs: environment.outputs,
                each: environment.each
            )
        } catch {
            guard case .variable(let name) = error.missing, variables.omitted.contains(name) else {
                throw error
            }
            throw TemplateError(source: error.source, missing: error.missing, reason: .omitted)
        }
    }

    /// Runs a script of the job to its end, and ends it when the task is cancelled.
    /// - Parameters:
    ///   - redactor: keeps secrets out of its lines; nil: there are none.
    ///   - note: told of the process group before the script begins.
    func execute(
        _ script: String,
        extra: [String: String] = [:],
        _ redactor: Redactor? = nil,
        note: (ProcessGroup) throws -> Void,
        _ line: @escaping (String, ChildProcess.Source) -> Void
    ) async throws -> ChildProcess.Ending {
        let variables = try variables().all.merging(extra) { _, extra in extra }
        let child: ChildProcess
        do {
            child = try ChildProcess.start(
                script: script,
                environment: variables,
                folder: environment.workspace
            )
        } catch {
            guard error.number == E2BIG else { throw error }
            throw OperationError(
                code: Self.tooLargeCode,
                message:
                    "the job \(name) could not be started: its script and its variables are larger than the system takes (\(error)); hand large values over in files",
                isRetryable: false
            )
        }
        let lines = LineCollector(redactor)
        let ending: ChildProcess.Ending
        do {
            try note(child.group)
            ending = try await withTaskCancellationHandler {
                // Told to stop before it began: nothing of it is to run.
                let isUnwanted = Task.isCancelled
                return try await SystemThread.run {
                    try child.begin(unless: isUnwanted)
                    return try child.wait { lines.add($0, $1) }
                }
            } onCancel: {
                child.stop()
            }
        } catch {
            // Where there was no thread to wait on, nobody has.
            try child.abandon()
            throw error
        }
        for (text, source) in lines.finish() { line(text, source) }
        return ending
    }

    /// Undoes what the job did.
    /// - Parameter isKnown: it has ended well; else nobody knows what came of it.
    /// - Throws: `OperationError` with the code `exit-status`, `signal` or `arguments-too-large`, and
    ///   `workspace-not-saved` where the files are lost that the job may have left; `TemplateError`; `Shortage`.
    func undo(_ script: String, isKnown: Bool, _ operation: OperationContext) async throws {
        // In an empty folder it might end well, and count for what it has not done.
        if let loss = operation.lostWorkspace {
            throw OperationError.notUndone("the job \(name)", without: loss)
        }
        try await notingShortage {
            let last = LastLine()
            let store = try storeFile(operation)
            defer { Folder.discardFile(store.path) }
            let extra = [
                "DAYBOOK_STORE": store.path,
                "DAYBOOK_OPERATION_KEY": operation.idempotencyKey,
                "DAYBOOK_JOB_KEY": operation.compensatedKey ?? "",
                "DAYBOOK_JOB_OUTCOME": isKnown ? "success" : "unknown",
            ]
            let ending = try await execute(
                script,
                extra: extra.merging(try secrets(operation)) { own, _ in own },
                operation.redactor,
                note: { try operation.note($0) }
            ) { line, source in
                operation.log(line, source == .standardOutput ? .standardOutput : .standardError)
                if source == .standardError { last.set(line) }
            }
            switch ending {
            case .exited(0): return
            case .exited(let status):
                throw OperationError(
                    code: Self.exitStatusCode,
                    message:
                        "what undoes the job \(name) exited with status \(status)\(last.suffix)"
                )
            case .signalled(let signal):
                throw OperationError(
                    code: "signal",
                    message:
                        "what undoes the job \(name) was ended by signal \(signal)\(last.suffix)"
                )
            }
        }
    }
}

/// The last line of an error output, for the message of a failure.
final class LastLine: Sendable {
    private let line = Locked("")

    func set(_ text: String) { if !text.isEmpty { line.withLock { $0 = text } } }

    var suffix: String {
        let text = line.withLock { $0 }
        return text.isEmpty ? "" : ": \(text)"
    }
}

/// Runs `body`, and takes what the system lacks for a `Shortage`: it says nothing about the job.
func notingShortage<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as SystemError {
        if let shortage = Shortage(error) { throw shortage }
        throw error
    }
}

/// The file that a job may write outputs into: lines of `key=value`.
enum OutputFile {
    /// Bytes that it may have: as many as a payload of a journal may have by default.
    static let limit = 16 << 20

    /// Removes what is there: whatever a job has put in the file's place, a folder with all that is
    /// in it too. Links are removed, and not followed.
    /// - Throws: `OperationError` when it cannot be removed; `SystemError` when the machine fails.
    static func clear(_ path: String, of job: String) throws {
        do throws(SystemError) {
            try Folder.removeAll(path)
        } catch {
            if error.isOfTheMachine { throw error }
            throw OperationError(
                code: "invalid-output",
                message:
                    "what is at $DAYBOOK_OUTPUT of the job \(job) cannot be removed (\(error)); look at \(path)"
            )
        }
    }

    /// Takes what a job has put there, and removes it.
    /// - Throws: `OperationError` for anything but a regular file within the limit that can be read;
    ///   `SystemError` when the machine fails.
    static func read(
        _ path: String,
        of job: String,
        as variable: String = "$DAYBOOK_OUTPUT"
    ) throws -> [UInt8] {
        let output: [UInt8]
        var refusal: OperationError?
        do throws(File.Unfit) {
            guard let bytes = try File.contents(of: path, limit: limit, followsLink: false) else {
                return []
            }
            output = bytes
        } catch {
            switch error {
            case .system(let error) where error.isOfTheMachine: throw error
            case .system(let error):
                refusal = OperationError(
                    code: "invalid-output",
                    message:
                        "what the job \(job) put at \(variable) cannot be read: \(error.reason); append lines key=value to the file of that name"
                )
            case .tooLarge(let limit):
                refusal = OperationError(
                    code: "invalid-output",
                    message:
                        "the job \(job) wrote more than \(limit) bytes to \(variable); write a file into $WORKSPACE, and its name to \(variable)"
                )
            case .notRegular:
                refusal = OperationError(
                    code: "invalid-output",
                    message:
                        "the job \(job) put something other than a file at \(variable); append lines key=value to the file of that name"
                )
            }
            output = []
        }
        try clear(path, of: job)
        if let refusal { throw refusal }
        return output
    }

    static func parse(
        _ bytes: [UInt8],
        as variable: String = "$DAYBOOK_OUTPUT"
    ) throws(OperationError) -> [String: String] {
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
                        "the job wrote the line \"\(text)\" to \(variable), and lines there have the form key=value"
                )
            }
            let key = String(decoding: line[..<equals], as: UTF8.self)
            all[key] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        return all
    }
}
#endif
