#if CLI
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookSystem
import Foundation

// Of the command alone: who embeds the library links no client for HTTP.
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A witness that did not sign, and why.
struct WitnessRefusal: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}

/// A witness that takes heads over HTTP (c2sp.org/tlog-witness). Whoever answers may be anybody.
struct WitnessClient {
    private let address: URL
    private let key: NoteVerifier
    private let patience: Duration

    /// - Parameter url: what the witness calls its submission prefix.
    /// - Throws: ``UsageError``.
    init(url: String, key: NoteVerifier, patience: Duration) throws {
        let base = String(
            url[..<(url.lastIndex { $0 != "/" }.map(url.index(after:)) ?? url.startIndex)]
        )
        guard let address = URL(string: base + "/add-checkpoint"),
            ["http", "https"].contains(address.scheme?.lowercased()),
            address.host?.isEmpty == false,
            address.user == nil, address.password == nil, address.query == nil,
            address.fragment == nil
        else {
            throw UsageError(
                "\"\(url)\" is not where a witness is asked: give the address that it calls its submission prefix, as https://witness.example.org/w, without a user or a query"
            )
        }
        self.address = address
        self.key = key
        self.patience = patience
    }

    /// Has a head signed that goes on from all that the witness has seen.
    /// - Parameter path: the hashes from a size that the witness has seen to the head.
    /// - Returns: its signatures, which are right, and the size that it had seen.
    /// - Throws: ``WitnessRefusal``; `ProofError`; what `path` throws.
    func submit(
        _ note: SignedNote,
        of head: TreeHead,
        by path: (UInt64) throws -> [TreeHash]
    ) throws -> (signatures: [SignedNote.Signature], from: UInt64) {
        var old: UInt64 = 0
        var answer = try post(Self.body(old, [], note))
        if answer.status == 409 {
            old = try seenSize(in: answer, for: head)
            answer = try post(Self.body(old, old == head.size ? [] : path(old), note))
        }
        guard answer.status == 200 else { throw refusal(answer, head, old) }
        return (try signatures(in: answer, of: note), old)
    }

    private static func body(_ old: UInt64, _ path: [TreeHash], _ note: SignedNote) -> [UInt8] {
        let lines = ["old \(old)"] + path.map(\.base64)
        return Array((lines.joined(separator: "\n") + "\n\n").utf8) + note.bytes
    }

    /// What a witness says that it has seen, in place of signing.
    private func seenSize(in answer: Answer, for head: TreeHead) throws(WitnessRefusal) -> UInt64 {
        let text = String(decoding: answer.body, as: UTF8.self)
        guard text.hasSuffix("\n"), let size = UInt64(text.dropLast()), "\(size)\n" == text else {
            throw WitnessRefusal(
                .failed,
                "the witness at \(address.absoluteString) says that it has seen another head (409), and not of how many entries\(Self.words(answer)); ask whoever keeps it"
            )
        }
        guard size <= head.size else {
            throw WitnessRefusal(
                .conflict,
                "the witness at \(address.absoluteString) has seen \(head.origin) at \(size) entries, and the head is of \(head.size): it goes to no smaller one; submit a head of today"
            )
        }
        return size
    }

    private func refusal(_ answer: Answer, _ head: TreeHead, _ old: UInt64) -> WitnessRefusal {
        let (status, what): (ExitStatus, String) =
            switch answer.status {
            case 300..<400:
                (.failed, "sends us somewhere else, where we do not go: give the address itself")
            case 403:
                (
                    .failed,
                    "trusts no key that has signed the head: hand it the public key of the log"
                )
            case 404:
                (
                    .notFound,
                    "does not know the log \(head.origin), or is not there: have the log taken up, or look at the address"
                )
            case 409:
                (
                    .conflict,
                    "does not let the head of \(head.size) entries follow the one of \(old) that it says it has seen: somebody has submitted another one meanwhile, or it has seen another history; submit it again, and if it stays so, compare its head with the journal (`daybook verify --against`)"
                )
            case 422:
                (
                    .integrity,
                    "finds that the head of \(head.size) entries does not go on from the one of \(old) that it has seen: it has seen another history; compare its head with the journal (`daybook verify --against`)"
                )
            case 429, 500..<600: (.tryAgain, "cannot sign just now; try again later")
            default: (.failed, "does not take the head")
            }
        return WitnessRefusal(
            status,
            "the witness at \(address.absoluteString) answers with \(answer.status)\(Self.words(answer)); it \(what)"
        )
    }

    /// The first words of an answer, for a person.
    private static func words(_ answer: Answer) -> String {
        let line = answer.body.prefix { $0 != 0x0A }.prefix(200)
        return line.isEmpty ? "" : " (\(String(decoding: line, as: UTF8.self)))"
    }

    private func signatures(
        in answer: Answer,
        of note: SignedNote
    ) throws -> [SignedNote.Signature] {
        let all: [SignedNote.Signature]
        do throws(ProofError) { all = try SignedNote.signatures(in: answer.body) } catch {
            throw WitnessRefusal(
                .failed,
                "the witness at \(address.absoluteString) answers with what is no signature: \(error)"
            )
        }
        let own = all.filter { $0.keyID == key.keyID && $0.name.hasBytes(of: key.name) }
        var signed = try SignedNote(text: note.text)
        signed.add(own)
        do throws(ProofError) { try signed.check(by: [key]) } catch {
            throw ProofError(
                error.code,
                error.code == .notSigned
                    ? "the witness at \(address.absoluteString) has signed by another key than \(key.name)+…: give the key that it has, if you trust it"
                    : "the witness at \(address.absoluteString) answers with a signature that is none of this head: \(error)"
            )
        }
        return signed.signatures
    }
}

// MARK: HTTP

extension WitnessClient {
    struct Answer: Sendable {
        var status = 0
        var body: [UInt8] = []
    }

    /// Bytes that an answer may have: a signature has about a hundred.
    private static let limit = 1 << 16

    /// What is sent. Foundation gives a request up after 60 seconds without an answer. How long we wait is said
    /// by `patience` alone, so Foundation's own limit lies behind it.
    ///
    /// On Linux, Foundation asks all the while whether the socket can be written to, and it always can: a long
    /// wait keeps a processor busy. Nothing that we may set changes that.
    func request(_ body: [UInt8]) -> URLRequest {
        var request = URLRequest(url: address)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        request.setValue("text/plain; charset=utf-8", forHTTPHeaderField: "Content-Type")
        request.timeoutInterval = Double(min(patience.components.seconds, Self.longest)) + 60
        return request
    }

    /// Seconds, of which Foundation still counts the milliseconds.
    private static let longest: Int64 = 1_000_000

    private func post(_ body: [UInt8]) throws(WitnessRefusal) -> Answer {
        let request = request(body)
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.timeoutIntervalForRequest = request.timeoutInterval
        let exchange = Exchange(limit: Self.limit)
        let session = URLSession(
            configuration: configuration,
            delegate: exchange,
            delegateQueue: nil
        )
        defer { session.invalidateAndCancel() }
        session.dataTask(with: request).resume()
        switch exchange.outcome(within: patience) {
        case .answered(let answer): return answer
        case .tooLarge:
            throw WitnessRefusal(
                .failed,
                "the witness at \(address.absoluteString) answers with more than \(Self.limit) bytes; that is none of its signatures"
            )
        case .failed(let why):
            throw WitnessRefusal(
                .tryAgain,
                "the witness at \(address.absoluteString) cannot be asked: \(why); look at the address, or try again later"
            )
        case nil:
            throw WitnessRefusal(
                .tryAgain,
                "the witness at \(address.absoluteString) has not answered in \(patience.brief); try again later, or give it longer with --timeout"
            )
        }
    }

    /// One request and its answer.
    private final class Exchange: NSObject, URLSessionDataDelegate {
        enum Outcome: Sendable {
            case answered(Answer), tooLarge, failed(String)
        }

        private struct State {
            var answer = Answer()
            var outcome: Outcome?
        }

        private let limit: Int
        private let state = Locked(State())

        init(limit: Int) { self.limit = limit }

        /// - Returns: nil when there is none in this time, however much of it has come.
        func outcome(within patience: Duration) -> Outcome? {
            state.wait(until: { $0.outcome != nil }, orAfter: patience) { $0.outcome }
        }

        private func end(_ outcome: Outcome) {
            state.withLock { $0.outcome = $0.outcome ?? outcome }
            state.wakeAll()
        }

        /// A witness is where it was said to be, and nowhere else.
        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest,
            completionHandler: @escaping (URLRequest?) -> Void
        ) {
            end(.answered(Answer(status: response.statusCode)))
            completionHandler(nil)
        }

        func urlSession(
            _ session: URLSession,
            dataTask: URLSessionDataTask,
            didReceive response: URLResponse,
            completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
        ) {
            state.withLock { $0.answer.status = (response as? HTTPURLResponse)?.statusCode ?? 0 }
            completionHandler(.allow)
        }

        func urlSession(
            _ session: URLSession,
            dataTask: URLSessionDataTask,
            didReceive data: Data
        ) {
            let isTooLarge = state.withLock { state in
                state.answer.body += data
                return state.answer.body.count > limit
            }
            guard isTooLarge else { return }
            end(.tooLarge)
            dataTask.cancel()
        }

        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            didCompleteWithError error: (any Error)?
        ) {
            if let error {
                end(.failed(error.localizedDescription))
            } else {
                end(.answered(state.withLock { $0.answer }))
            }
        }
    }
}
#endif
