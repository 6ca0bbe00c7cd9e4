#if CLI
import Daybook
import DaybookSystem
import Testing

@testable import DaybookRunbook

@Suite("Runbook: secrets")
struct RunbookSecretTests {
    @Test("a runbook names its secrets, and a job those that it sees")
    func names() throws {
        let text = oneJob("secrets: [TOKEN]", top: "secrets: [TOKEN, KEY]\n")
        let runbook = try Runbook(parsing: text, file: "r.yaml")
        #expect(runbook.secrets == ["TOKEN", "KEY"])
        #expect(runbook.jobs[0].secrets == ["TOKEN"])
    }

    @Test(
        "what is refused",
        arguments: [
            ("secrets: [OTHER]", "secrets: [TOKEN]\n", "is not among the secrets of the runbook"),
            ("environment: { TOKEN: x }", "secrets: [TOKEN]\n", "is recorded in clear"),
            ("timeout: 1s", "secrets: [TOKEN]\nenvironment: [TOKEN]\n", "is recorded in clear"),
            ("timeout: 1s", "environment: [TOKEN]\nsecrets: [TOKEN]\n", "is recorded in clear"),
            ("timeout: 1s", "secrets: [INPUT_A]\n", "is set by Daybook"),
            ("timeout: 1s", "secrets: [PATH]\n", "is passed to every job and recorded"),
            ("timeout: 1s", "secrets: [a-b]\n", "is not the name of a variable"),
            ("timeout: 1s", "secrets: [A, A]\n", "is in the list already"),
            ("secrets: [A, A]", "secrets: [A]\n", "is in the list already"),
        ]
    )
    func refused(job: String, top: String, words: String) {
        #expect(fault(in: oneJob(job, top: top))?.contains(words) == true)
    }

    @Test("a secret is kept out of lines, however they are cut")
    func lines() {
        let key = "-----BEGIN KEY-----\nMIIEow\nab\n-----END KEY-----\n"
        let redactor = Redactor([Array("hunter22".utf8), Array(key.utf8)])
        let collector = LineCollector(redactor)
        let long = String(repeating: "x", count: LineCollector.limit - 4)
        let text = "token hunter22\n\(long)hunter22\nMIIEow\n\(key)last hunt"
        for byte in text.utf8 {
            withUnsafeBytes(of: byte) { collector.add(.standardOutput, $0) }
        }
        Array("err hunter22".utf8).withUnsafeBytes { collector.add(.standardError, $0) }
        let lines = collector.finish().map(\.text)
        #expect(lines[0] == "token ***")
        #expect(lines[1] == long + "***")
        // It may have been stopped in the middle of the secret.
        #expect(lines[2...] == ["***", "***last ***", "err ***"])
    }
}
#endif
