import DaybookFormat
import Testing

@testable import DaybookModel

/// Who asked, and why: what the entries keep of it.
@Suite struct RequestTests {
    private var harness: ModelHarness
    private let session: UInt64

    init() throws {
        harness = try ModelHarness()
        session = try harness.open("bank-svc")
    }

    private mutating func eve() throws -> Request {
        Request(
            actor: "eve",
            principal: "mtls:CN=eve",
            reason: try harness.sealed([.text("audit")])
        )
    }

    private mutating func submission(_ id: Name, by request: Request) throws -> Submit {
        Submit(
            id: id,
            type: "copy",
            input: [0x31],
            payloads: try harness.sealed([.json([0x31])]),
            by: request
        )
    }

    /// The reason is the last payload of the newest entry.
    private func reason(_ sequence: UInt64) throws -> String? {
        try harness.payloads(of: sequence).last.map { String(decoding: $0.data, as: UTF8.self) }
    }

    @Test mutating func theSessionsActorIsNotRepeated() throws {
        for request in [Request.session, Request(actor: "bank-svc")] {
            let id = Name("a\(harness.next)")
            try harness.run(try submission(id, by: request), session: session)
            try harness.run(Execute(id: id, by: request), session: session)
            let intervention = Intervention(id: id, by: request)
            try harness.run(Pause(intervention), session: session)
            try harness.run(Resume(intervention), session: session)
            try harness.run(Cancel(intervention), session: session)
            try harness.run(Retry(intervention), session: session)
        }
        for sequence in 0..<harness.next {
            #expect(try !harness.entry(sequence).hasRequest, "entry \(sequence)")
        }
    }

    @Test mutating func eachCommandRecordsWhoAskedAndWhy() throws {
        func check(_ name: String, _ payloads: Int) throws {
            let last = harness.next - 1
            let request = try harness.entry(last).request
            #expect(request.actor == "eve", "\(name)")
            #expect(request.principal == "mtls:CN=eve", "\(name)")
            #expect(request.reason, "\(name)")
            let all = try harness.payloads(of: last)
            #expect(all.count == payloads, "\(name)")
            #expect(try reason(last) == "audit", "\(name)")
        }
        try harness.run(try submission("a", by: try eve()), session: session)
        try check("submit", 2)
        try harness.run(Execute(id: "a", by: try eve()), session: session)
        try check("execute", 1)
        let interventions = [
            try harness.run(Pause(Intervention(id: "a", by: try eve())), session: session)
        ]
        #expect(interventions.map(\.wasSo) == [false])
        try check("pause", 1)
        try harness.run(Resume(Intervention(id: "a", by: try eve())), session: session)
        try check("resume", 1)
        let value = try harness.sealed([.json([0x32])])
        try harness.run(
            Signal(id: "a", name: "go", payloads: value, by: try eve()),
            session: session
        )
        try check("signal", 2)
        try harness.run(Cancel(Intervention(id: "a", by: try eve())), session: session)
        try check("cancel", 1)
        try harness.run(Retry(Intervention(id: "a", by: try eve())), session: session)
        try check("retry", 1)
    }

    @Test mutating func aSignalAlwaysSaysWhoSentIt() throws {
        try harness.ready("a", by: session)
        let value = try harness.sealed([.json([0x32])])
        try harness.run(Signal(id: "a", name: "go", payloads: value), session: session)
        #expect(try harness.entry(harness.next - 1).request.actor == "bank-svc")
        #expect(try harness.payloads(of: harness.next - 1).count == 1)
    }

    @Test mutating func whatIsSubmittedAndExecutedAtOnceHasItsReasonOnce() throws {
        let command = SubmitAndExecute(try submission("a", by: try eve()))
        let number = try harness.run(command, session: session).number
        let (first, second) = (try harness.entry(number), try harness.entry(number + 1))
        #expect(first.request.reason)
        #expect(second.request.actor == "eve")
        #expect(!second.request.reason)
        #expect(second.commitments.isEmpty)
        // It was there: then the reason is that of the execution.
        try harness.run(try submission("b", by: .session), session: session)
        try harness.run(SubmitAndExecute(try submission("b", by: try eve())), session: session)
        #expect(try harness.entry(harness.next - 1).request.reason)
        #expect(try reason(harness.next - 1) == "audit")
    }

    @Test mutating func anotherActorOrOtherLabelsAreNoConflict() throws {
        let first = try harness.run(try submission("a", by: try eve()), session: session)
        let next = harness.next
        let again = try harness.run(try submission("a", by: .session), session: session)
        #expect(again.number == first.number)
        #expect(again.existed)
        #expect(harness.next == next)
        #expect(try harness.entry(first.number).request.actor == "eve")
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "a\nb"])
    mutating func anActorOrPrincipalThatIsNoNameIsRefused(_ name: String) throws {
        try harness.ready("a", by: session)
        for request in [Request(actor: Name(name)), Request(principal: Name(name))] {
            #expect(throws: Refusal.self) {
                try harness.run(Cancel(Intervention(id: "a", by: request)), session: session)
            }
            #expect(throws: Refusal.self) {
                try harness.run(Execute(id: "a", by: request), session: session)
            }
            #expect(throws: Refusal.self) {
                try harness.run(try submission("b", by: request), session: session)
            }
        }
        #expect(try harness.row("b") == nil)
    }
}
