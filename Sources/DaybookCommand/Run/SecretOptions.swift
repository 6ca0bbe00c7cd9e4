#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookRunbook
import DaybookSystem

/// Secrets as they are named on the command line: never their values, which everybody on the machine
/// could read there.
struct SecretOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A secret: from the environment (NAME), a file (NAME=@FILE) or standard input (NAME=-); may be repeated.",
            valueName: "NAME[=@FILE|=-]"
        )
    )
    var secret: [String] = []

    /// Bytes that a secret may have.
    private static let limit = 65_536

    /// Where the value of a secret comes from.
    private enum Source: Equatable {
        case environment, standardInput
        case file(String)
    }

    /// The names that are given, whether their values can be had or not.
    var names: [String] { secret.map { Self.name($0) } }

    /// Reads the values.
    /// - Throws: ``UsageError``, which repeats no value.
    func read() throws -> [String: Secret] {
        var secrets: [String: Secret] = [:]
        var readsInput = false
        for argument in secret {
            let (name, source) = try Self.parse(argument)
            if source == .standardInput {
                guard !readsInput else {
                    throw UsageError(
                        "two secrets are to come from standard input; give one of them by a file"
                    )
                }
                readsInput = true
            }
            guard secrets.updateValue(try Self.read(name, source), forKey: name) == nil else {
                throw UsageError("the secret \(name) is given twice; give each name once")
            }
        }
        return secrets
    }

    /// Makes sure that they can be read, and kept with the key that is given, for a rehearsal. Nothing is kept.
    /// - Throws: what a command throws that keeps them.
    func rehearse(_ write: WriteOptions, _ common: CommonOptions) throws {
        let given = try read()
        // Whoever names a key means it for what is kept already.
        if given.isEmpty, write.keyFile == nil { return }
        let key = write.options(common).journalKey
        try common.inspect { inspector in
            if let file = try inspector.keysFile() { try key.rehearse(given, in: file) }
        }
    }

    private static func name(_ argument: String) -> String {
        String(decoding: argument.utf8.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }

    private static func parse(_ argument: String) throws -> (name: String, Source) {
        let name = name(argument)
        let rest = argument.utf8.dropFirst(name.utf8.count)
        guard let equals = rest.first, equals == UInt8(ascii: "=") else {
            return (name, .environment)
        }
        let source = String(decoding: rest.dropFirst(), as: UTF8.self)
        if source == "-" { return (name, .standardInput) }
        if source.utf8.first == UInt8(ascii: "@") {
            return (name, .file(String(decoding: source.utf8.dropFirst(), as: UTF8.self)))
        }
        throw UsageError(
            "the value of the secret \(name) stands on the command line, where everybody on this machine can read it: take it for known; give another by --secret \(name)=@FILE, --secret \(name)=- or, from the environment, --secret \(name)"
        )
    }

    private static func read(_ name: String, _ source: Source) throws -> Secret {
        switch source {
        case .environment:
            // Jobs do not find it in this process's environment.
            guard let value = EnvironmentVariable.take(name) else {
                throw UsageError(
                    "the environment has no variable \(name) for the secret of that name; set it, or give the secret by --secret \(name)=@FILE"
                )
            }
            return Secret(bytes: value)
        case .standardInput:
            return Secret(
                bytes: withoutLineBreak(
                    try StandardInput.contents("the secret \(name)", limit: limit)
                )
            )
        case .file(let path):
            let bytes: [UInt8]?
            do throws(File.Unfit) {
                bytes = try File.contents(of: path, limit: limit + 1, followsLink: true)
            } catch {
                throw UsageError(
                    "the file \(path) of the secret \(name) cannot be read: it must be a regular file of at most \(limit) bytes that you may read"
                )
            }
            guard let bytes else {
                throw UsageError(
                    "the file \(path) of the secret \(name) does not exist; look at the path"
                )
            }
            return Secret(bytes: withoutLineBreak(bytes))
        }
    }

    /// A value of one line is without the line's end, which an editor or `echo` has added; what has
    /// several, a key in PEM for example, stays as it is.
    private static func withoutLineBreak(_ bytes: [UInt8]) -> [UInt8] {
        var line = bytes[...]
        guard line.last == UInt8(ascii: "\n") else { return bytes }
        line.removeLast()
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line.contains(UInt8(ascii: "\n")) ? bytes : Array(line)
    }
}

extension Runbook {
    /// Makes sure that secrets are those that the runbook names.
    /// - Parameter isNew: it is submitted for the first time, and needs all of them.
    /// - Throws: ``UsageError``.
    func checkSecrets(_ given: some Collection<String>, isNew: Bool) throws(UsageError) {
        for name in given.sorted() where !secrets.contains(name) {
            throw UsageError(
                secrets.isEmpty
                    ? "the runbook names no secrets, and \(name) was given; name it under \"secrets\" of the runbook, and of the jobs that need it"
                    : "the runbook has no secret \(name); it has \(secrets.joined(separator: ", "))"
            )
        }
        guard isNew else { return }
        for name in secrets where !given.contains(name) {
            throw UsageError(
                "the runbook needs the secret \(name); give it by --secret \(name)=@FILE, --secret \(name)=- or, from the environment, --secret \(name)"
            )
        }
    }
}
#endif
