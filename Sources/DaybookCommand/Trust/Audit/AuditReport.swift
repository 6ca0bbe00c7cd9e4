#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookSystem

/// Evidence as a page for people: one file, without a script, and nothing of it comes from elsewhere.
final class AuditReport {
    let file: AuditFile
    private var isInTable = false

    init(_ file: AuditFile) { self.file = file }

    /// Bytes of a payload that are shown; of more, the file is named.
    private static let shown = 4_096
    private static let shownLines = 500

    func begin(_ bundle: AuditFacts) throws {
        let head = bundle.head
        try file.write(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width">
            <title>Evidence of \(HTML(id: bundle.id))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            <h1>Evidence of \(HTML(id: bundle.id))</h1>
            <p>What the journal <code>\(HTML(head.origin))</code> has recorded of \(bundle.includesDescendants ? "this execution and all that it has begun" : "this execution"), as of a signed head of \(head.size) entries. This page is for reading: the evidence is the entries, their payloads and proofs beside it, and <code>README</code> says how they are checked without the program that wrote them. Times are UTC, as the machine that wrote had them; names of people are what was claimed, and the user of the operating system stands beside them.</p>
            <table class="facts">
            <tr><th>log<td><code>\(HTML(head.origin))</code>
            <tr><th>entries in it<td>\(head.size)
            <tr><th>root<td><code>\(HTML(head.root.hex))</code>

            """
        )
        for (key, time) in bundle.signers {
            let what = key.algorithm == .cosignature ? "seen by" : "signed by"
            let when = time.map { ", \($0)" } ?? ""
            try file.write("<tr><th>\(what)<td><code>\(HTML("\(key)"))</code>\(HTML(when))\n")
        }
        try file.write("</table>\n")
    }

    /// Begins a run of an execution.
    /// - Parameter isLast: what is known of the execution is told with it.
    func begin(
        _ record: ExecutionRecord,
        run: String?,
        isLast: Bool,
        _ erasure: Erasure?
    ) throws {
        try endTable()
        try file.write(
            "<h2>\(HTML(id: record.id))\(run.map { " <small>\(HTML($0))</small>" } ?? "")</h2>\n"
        )
        if isLast {
            try file.write("<table class=\"facts\">\n")
            for (name, value) in facts(record, erasure) {
                try file.write("<tr><th>\(HTML(name))<td>\(HTML(value))\n")
            }
            try file.write("</table>\n")
        }
        try beginTable()
    }

    private func facts(_ record: ExecutionRecord, _ erasure: Erasure?) -> [(String, String)] {
        var facts = [
            ("workflow", record.type), ("status", record.statusText),
            ("submitted", "\(record.submittedAt)"),
        ]
        if let who = record.submittedBy?.who { facts.append(("asked for by", who)) }
        if let time = record.startedAt { facts.append(("started", "\(time)")) }
        if let time = record.finishedAt { facts.append(("finished", "\(time)")) }
        if !record.labels.isEmpty { facts.append(("labels", record.labelsText)) }
        if let code = record.errorCode { facts.append(("error", code)) }
        if let erasure { facts.append(("payloads", erasure.words)) }
        return facts
    }

    func begin(others title: String) throws {
        try endTable()
        try file.write("<h2>\(HTML(title))</h2>\n")
        try beginTable()
    }

    private func beginTable() throws {
        try file.write("<table>\n<tr><th>entry<th>time<th>what<th>by<th>says\n")
        isInTable = true
    }

    private func endTable() throws {
        if isInTable { try file.write("</table>\n") }
        isInTable = false
    }

    func add(_ entry: JournalEntry) throws {
        let session = entry.entry.session
        let who = entry.request?.who ?? (session == 0 ? "" : "session \(session)")
        try file.write(
            "<tr id=\"e\(entry.sequence)\"><td><a href=\"entries/\(entry.sequence).tlog-proof\">\(entry.sequence)</a><td>\(HTML(entry.time.milliseconds))<td>\(HTML(entry.eventName))<td>\(HTML(who))<td>\(HTML(entry.summary))"
        )
        if let reason = entry.request?.reason { try file.write("<br>reason: \(HTML(reason))") }
        for index in entry.entry.commitments.indices { try add(payload: index, of: entry) }
        let lines = try entry.logLines()
        if !lines.isEmpty {
            try file.write("<pre>")
            for line in lines.prefix(Self.shownLines) { try file.write("\(HTML(line.text))\n") }
            if lines.count > Self.shownLines { try file.write("… and more, in the file\n") }
            try file.write("</pre>")
        }
        try file.write("\n")
    }

    private func add(payload index: Int, of entry: JournalEntry) throws {
        let size = entry.entry.commitments[index].size
        let name = "payload \(index), \(size) bytes"
        guard entry.kind != .secretsStored else {
            return try file.write("<br>\(name): a secret, sealed; left out")
        }
        guard index < entry.payloads.count, !entry.payloads[index].isErased else {
            return try file.write("<br>\(name): \(HTML(entry.erasure?.words ?? "erased"))")
        }
        let data = entry.payloads[index].data
        try file.write("<br><a href=\"payloads/\(entry.sequence)-\(index)\">\(name)</a>")
        // JSON and text, in every journal.
        guard [1, 2].contains(entry.payloads[index].contentType), data.count <= Self.shown,
            let text = String(validating: data, as: UTF8.self), !data.isEmpty
        else { return }
        try file.write("<pre>\(HTML(lines: text))</pre>")
    }

    func end(_ made: String) throws {
        try endTable()
        try file.write("<p class=\"made\">\(HTML(made))</p>\n</body>\n</html>\n")
    }

    private static let style = """
        body { font: 15px/1.45 system-ui, sans-serif; color: #1b1b1f; background: #fff; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
        h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
        h2 { margin-top: 2.5rem; border-top: 1px solid #c8c8d0; padding-top: 1rem; }
        small { font-weight: normal; color: #55555f; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e6e6ec; overflow-wrap: anywhere; }
        td:nth-child(-n+3) { white-space: nowrap; }
        .facts th { width: 8rem; font-weight: normal; color: #55555f; }
        .facts td { white-space: normal; }
        code, pre { font: 13px/1.4 ui-monospace, monospace; }
        code { overflow-wrap: anywhere; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f8; padding: .5rem; margin: .3rem 0; }
        a { color: #0b4aa2; }
        .made { color: #55555f; margin-top: 2.5rem; }
        @media print { body { margin: 0; max-width: none; } }
        """
}

/// Text in a page: no character of it is taken for a mark, and none hides.
struct HTML: CustomStringConvertible {
    let description: String

    init(_ text: String) { description = Self.escaped(text.printable) }
    init(id: String) { description = Self.escaped(id.shownAsID) }

    /// As it is divided into lines.
    init(lines text: String) {
        description = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Self.escaped(String($0).printable) }.joined(separator: "\n")
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
#endif
