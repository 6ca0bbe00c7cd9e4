import Daybook
import DaybookFormat
import DaybookModel

/// A program drawn by a seed: the same one whenever the seed is the same.
///
/// No two of its waits end at the same moment, so that what it comes to follows from its code: the
/// k-th wait takes 2 to the power of k seconds.
struct RandomProgram: Sendable {
    indirect enum Part: Sendable {
        case step(Int)
        case failing(Int)
        case retried(Int)
        case sleep(Int)
        case patience(Int)
        case store(Int)
        case version(Int)
        case log(Int)
        case map([[Part]])
        case race([[Part]])
    }

    let parts: [Part]

    init(seed: UInt64) {
        var draw = Draw(seed: seed)
        parts = draw.parts(depth: 0, count: 3 + draw.number(5))
    }

    private struct Draw {
        private var state: UInt64
        private var names = 0
        private var waits = 0

        init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

        mutating func number(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }

        private mutating func name() -> Int {
            names += 1
            return names
        }

        private mutating func wait() -> Int {
            waits += 1
            return waits
        }

        mutating func parts(depth: Int, count: Int) -> [Part] {
            (0..<count).map { _ in part(depth: depth) }
        }

        private mutating func part(depth: Int) -> Part {
            switch number(depth < 2 ? 12 : 9) {
            case 0...2: return .step(name())
            case 3: return .failing(name())
            case 4 where waits < 24: return .retried(wait())
            case 5 where waits < 24: return .sleep(wait())
            case 6 where waits < 24: return .patience(wait())
            case 7: return number(2) == 0 ? .store(name()) : .version(name())
            case 8: return .log(name())
            case 9, 10: return .map(branches(depth: depth))
            case 11 where waits < 20:
                // Each begins with a wait of its own: which of them is first is no accident.
                let waits = (0..<2 + number(2)).map { _ in Part.sleep(wait()) }
                return .race(waits.map { [$0] + parts(depth: depth + 1, count: number(3)) })
            default: return .step(name())
            }
        }

        private mutating func branches(depth: Int) -> [[Part]] {
            (0..<1 + number(3)).map { _ in parts(depth: depth + 1, count: number(4)) }
        }
    }

    // MARK: Running

    /// Runs parts, and tells what came of each, with the time.
    static func run(
        _ parts: [Part],
        _ context: WorkflowContext,
        _ bodies: ConformanceBodies
    ) async throws -> String {
        var all: [String] = []
        let start = context.now
        for part in parts {
            let told = try await run(part, context, bodies)
            all.append("\(told)@\(context.now.since(start).components.seconds)")
        }
        return all.joined(separator: " ")
    }

    private static func run(
        _ part: Part,
        _ context: WorkflowContext,
        _ bodies: ConformanceBodies
    ) async throws -> String {
        switch part {
        case .step(let name): return try await context.step("s\(name)", bodies)
        case .failing(let name):
            do {
                try await context.failing("f\(name)", bodies)
                return "not reached"
            } catch let error as OperationError {
                return error.code
            }
        case .retried(let wait):
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(1 << wait))
            return try await context.checkpoint("r\(wait)", options: .init(retry: policy)) {
                operation in
                bodies.ran("r\(wait)")
                operation.log("try \(wait).\(operation.tries)")
                if operation.tries < 2 { throw Boom() }
                return "r\(wait)"
            }
        case .sleep(let wait):
            try await context.sleep(for: .seconds(1 << wait), "w\(wait)")
            return "w\(wait)"
        case .patience(let wait):
            let value = try await context.receive(
                "p\(wait)",
                as: String.self,
                timeout: .seconds(1 << wait)
            )
            return value.value ?? "nil"
        case .store(let name):
            try await context.store.set("k", name)
            return "k"
        case .version(let name): return "\(try await context.version("v\(name)"))"
        case .log(let name):
            context.log("l\(name)")
            return "l"
        case .map(let branches):
            return try await context.map("m", branches) { scope, parts in
                try await run(parts, scope, bodies)
            }.description
        case .race(let branches):
            return try await context.race(
                "r",
                branches.map { parts in
                    { @Sendable scope in try await run(parts, scope, bodies) }
                }
            )
        }
    }
}
