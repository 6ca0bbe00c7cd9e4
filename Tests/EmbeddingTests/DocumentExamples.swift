import Daybook
import Synchronization

// What the pages of the documentation show of handlers, word for word: DocumentTests compares the two,
// and runs each of them with its process ended everywhere.

/// What stands for all other systems: a deed is done once for each key.
final class Outside: Sendable {
    private let deeds = Mutex<[String: Set<String>]>([:])

    func perform(_ deed: String, key: String) {
        deeds.withLock { _ = $0[deed, default: []].insert(key) }
    }

    func count(_ deed: String) -> Int { deeds.withLock { $0[deed]?.count ?? 0 } }
}

// MARK: GettingStarted

enum Tutorial {
    struct Order: Codable, Sendable {
        var item: String
        var cents: Int
    }

    struct ProcessOrder: Workflow {
        static let name = "order.process"

        func run(_ order: Order, _ context: WorkflowContext) async throws -> String {
            let hold = try await context.checkpoint("reserve", input: order) { operation in
                print("reserving \(order.item), key \(operation.idempotencyKey)")
                return "hold-\(order.item)"
            }
            try await context.sleep(for: .seconds(5))
            return try await context.checkpoint("charge", input: order) { operation in
                print("charging \(order.cents), key \(operation.idempotencyKey)")
                return "paid, \(hold)"
            }
        }
    }
}

// MARK: WritingHandlers

struct CardDeclined: DurableError {
    static let code = "card-declined"
    var isRetryable: Bool { false }
    var bank: String
}

/// A shop and its bank.
struct Shop: Sendable {
    let outside: Outside

    func charge(_ order: String, key: String) async throws -> String {
        if order == "poor" { throw CardDeclined(bank: "First") }
        outside.perform("charge", key: key)
        return "paid"
    }

    func charge(_ order: String) async throws { _ = try await charge(order, key: order) }
    func undo(_ id: String) async throws { outside.perform("undo", key: id) }
    func pack(_ order: String) async throws -> String { "parcel of \(order)" }
    func open(_ order: String, replyTo: String, key: String) async throws -> Int {
        outside.perform("ticket", key: key)
        return 7
    }
}

/// A card that may be declined.
struct Charging: Workflow {
    static let name = "charging"
    let outside: Outside

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        let bank = Shop(outside: outside)
        let outside = outside
        @Sendable func mail(_ order: String, _ bank: String) async throws {
            outside.perform("mail", key: order)
        }
        do {
            try await context.checkpoint("charge") { _ in try await bank.charge(order) }
        } catch let error as OperationError {
            guard let declined = error.as(CardDeclined.self) else { throw error }
            try await context.checkpoint("tell") { _ in try await mail(order, declined.bank) }
            throw error
        }
        return "charged"
    }
}

/// An effect that is undone when somebody cancels.
struct Undoing: Workflow {
    static let name = "undoing"
    let outside: Outside

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        let shop = Shop(outside: outside)
        let id = context.id
        try await context.onUnfinished("undo") { scope in
            try await scope.checkpoint("undo") { _ in try await shop.undo(id) }
        }
        let payment = try await context.checkpoint("charge") { operation in
            try await shop.charge(order, key: operation.idempotencyKey)
        }
        let word: String = try await context.receive("word")
        return payment + word
    }
}

/// A wait that fails, and one that is let go of.
struct Refunding: Workflow {
    static let name = "refunding"
    let outside: Outside

    func run(_ order: String, _ context: WorkflowContext) async throws -> Bool {
        let refund = { @Sendable [outside] () async throws in
            outside.perform("refund", key: order)
        }
        let approval: Approval
        do {
            approval = try await context.receive(.approval)
        } catch let error as OperationError {
            try await context.checkpoint("refund") { _ in try await refund() }
            throw error
        }
        return approval.approved
    }
}

// MARK: SignalsAndApprovals

struct Approval: Codable, Sendable {
    var approved: Bool
    var by: String
}

extension SignalKey where Value == Approval {
    static var approval: SignalKey { SignalKey("approval") }
}

enum Approving {
    typealias Order = String

    struct ProcessOrder: Workflow {
        static let name = "order.process"
        static var signals: [any SignalDeclaration] { [SignalKey<Approval>.approval] }

        func run(_ order: Order, _ context: WorkflowContext) async throws -> Bool {
            switch try await context.receive(.approval, timeout: .seconds(86_400)) {
            case .given(let approval): return approval.approved
            case .timedOut: return false
            }
        }
    }
}

/// A request that another system answers.
struct Asking: Workflow {
    static let name = "asking"
    let outside: Outside

    struct Answer: Codable, Sendable {
        let text: String
    }

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        let desk = Shop(outside: outside)
        // A context stays where it is; its id may go anywhere.
        let ticket = try await context.checkpoint("open ticket") { operation in
            try await desk.open(order, replyTo: context.id, key: operation.idempotencyKey)
        }
        let answer = try await context.receive("ticket \(ticket)", as: Answer.self)
        return answer.text
    }
}

/// Work that goes on while an answer is waited for.
struct Packing: Workflow {
    static let name = "packing"
    let outside: Outside

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        let warehouse = Shop(outside: outside)
        let (answer, parcel) = try await context.parallel(
            "pack and ask",
            { try await $0.receive(.approval, timeout: .seconds(3_600)) },
            { try await $0.checkpoint("pack") { _ in try await warehouse.pack(order) } }
        )
        return answer.value?.by ?? parcel
    }
}

struct Beat: Codable, Sendable {
    let isLast: Bool
    let result: String
}

extension SignalKey where Value == Beat {
    static var beat: SignalKey { SignalKey("beat") }
}

/// The other side says that it is alive, or has fallen silent.
struct Listening: Workflow {
    static let name = "listening"

    func run(_ order: String, _ context: WorkflowContext) async throws -> String {
        while true {
            switch try await context.receive(.beat, timeout: .seconds(60)) {
            case .given(let beat) where beat.isLast: return beat.result
            case .given: continue
            case .timedOut:
                throw OperationError(code: "silent", message: "no sign of life for a minute")
            }
        }
    }
}

// MARK: ExecutionModel

enum Releasing {
    struct Build: Workflow {
        static let name = "build"

        func run(_ target: String, _ context: WorkflowContext) async throws -> String {
            try await context.checkpoint("compile") { _ in "\(target).tar" }
        }
    }

    struct Release: Workflow {
        static let name = "release"

        func run(_ targets: [String], _ context: WorkflowContext) async throws -> [String] {
            try await context.map("targets", targets) { scope, target in
                try await scope.run(Build.self, "build \(target)", input: target)
            }
        }
    }
}

struct Thumbnail: Workflow {
    static let name = "thumbnail"
    func run(_ picture: String, _ context: WorkflowContext) async throws -> String {
        try await context.checkpoint("draw") { _ in "\(picture).small" }
    }
}

struct Album: Workflow {
    static let name = "album"
    static let finalizer: (any Workflow.Type)? = Index.self

    func run(_ pictures: [String], _ context: WorkflowContext) async throws -> Int {
        try await context.spawn(pictures.map { ChildPlan(Thumbnail.self, input: $0) })
        return pictures.count
    }
}

struct Index: Workflow {
    static let name = "index"
    func run(
        _ album: FinalizerInput<[String], Int, String>,
        _ context: WorkflowContext
    ) async throws -> [String] {
        album.children.map(\.output)
    }
}

// MARK: DeployingNewCode

/// A step that older executions do not have.
struct Versioned: Workflow {
    static let name = "versioned"

    func run(_ name: String, _ context: WorkflowContext) async throws -> String {
        let check = { @Sendable (name: String) throws in
            if name.isEmpty { throw OperationError(code: "unnamed", message: "it has no name") }
        }
        if try await context.version("name is checked") {
            try await context.checkpoint("repo.name", input: name) { _ in try check(name) }
        }
        return name
    }
}

// MARK: The pages for those who come from elsewhere

enum FromBackstage {
    struct Input: Codable, Sendable {
        let owner: String
        let repo: String
        let variables: [Variable]
    }

    struct Variable: Codable, Sendable {
        let name: String
    }

    struct Repository: Codable, Sendable {
        let cloneURL: String
    }

    struct GitHub: Sendable {
        let outside: Outside

        func user(_ name: String) async throws -> String { name }
        func find(_ owner: String, _ name: String) async throws -> Repository? {
            outside.count("create") > 0 ? Repository(cloneURL: "\(owner)/\(name).git") : nil
        }
        func create(_ owner: String, _ name: String) async throws -> Repository {
            outside.perform("create", key: "\(outside.count("create"))")
            return Repository(cloneURL: "\(owner)/\(name).git")
        }
        func set(_ variable: Variable, in repository: Repository) async throws {
            outside.perform("set", key: variable.name)
        }
    }

    struct CreateRepository: Workflow {
        static let name = "github.repo.create"
        let github: GitHub

        func run(_ input: Input, _ context: WorkflowContext) async throws -> Nothing {
            let owner = try await context.checkpoint("user.lookup") { _ in
                try await github.user(input.owner)
            }
            let repository = try await context.checkpoint(
                "repo.creation",
                // It was created, and the answer got lost.
                verify: { _ in
                    try await github.find(owner, input.repo).map { .done($0) } ?? .notDone
                }
            ) { _ in
                try await github.create(owner, input.repo)
            }
            try await context.map("repo.create.variables", input.variables) { scope, variable in
                try await scope.checkpoint(variable.name) { _ in
                    try await github.set(variable, in: repository)
                }
            }
            try await context.output(.remoteURL, repository.cloneURL)
            return Nothing()
        }
    }
}

extension OutputKey where Value == String {
    static var remoteURL: OutputKey { OutputKey("remoteURL") }
}

/// A file that is copied if it is not there yet.
struct Copying: Workflow {
    static let name = "copying"
    let outside: Outside

    private enum SHA256 {
        static func hash(data: String) -> Int { data.utf8.count }
    }

    func run(_ path: String, _ context: WorkflowContext) async throws -> String {
        let content = "text"
        let outside = outside
        @Sendable func contents(of path: String) throws -> String? {
            outside.count("copy") > 0 ? content : nil
        }
        @Sendable func write(_ content: String, to path: String) throws {
            outside.perform("copy", key: "\(outside.count("copy"))")
        }
        try await context.checkpoint(
            "copy",
            verify: { _ in
                try contents(of: path).map { SHA256.hash(data: $0) } == SHA256.hash(data: content)
                    ? .done(()) : .notDone
            }
        ) { _ in
            try write(content, to: path)
        }
        return content
    }
}

enum FromSwhScheduler {
    struct Task: Codable, Sendable {
        let url: String
        var interval: Duration

        func interval(after isEventful: Bool) -> Duration {
            isEventful ? interval / 2 : interval * 2
        }
    }

    struct UpdateOrigin: Workflow {
        static let name = "load-git"
        let load: @Sendable (String) async throws -> Bool

        func run(_ task: Task, _ context: WorkflowContext) async throws -> Nothing {
            let eventful = try await context.checkpoint("load", input: task.url) { _ in
                try await load(task.url)
            }
            var next = task
            // Half the time after news, twice the time without, within the limits of the type.
            next.interval = task.interval(after: eventful)
            try await context.sleep(for: next.interval)
            throw try context.continueAsNew(UpdateOrigin.self, input: next)
        }
    }
}
