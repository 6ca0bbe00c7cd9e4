import Daybook
import DaybookModel

extension ConformanceCase {
    /// map, parallel, race, and one inside the other.
    static let branches: [ConformanceCase] = maps + parallels + races

    private static let maps: [ConformanceCase] = [
        ConformanceCase("a map", "= \"[2, 4, 6]\"", runs: ["b1", "b2", "b3"], isOrdered: false) {
            context,
            bodies in
            let all = try await context.map("all", [1, 2, 3]) { scope, number in
                try await scope.checkpoint("body") { _ in
                    bodies.ran("b\(number)")
                    return number * 2
                }
            }
            try await context.sleep(for: .seconds(1))
            return "\(all)"
        },
        ConformanceCase("a map of nothing", "= \"[]\"") { context, _ in
            let all = try await context.map("all", [Int]()) { _, number in number }
            try await context.sleep(for: .seconds(1))
            return "\(all)"
        },
        ConformanceCase("a map one at a time", "= \"[0, 1, 2]\"", runs: ["b0", "b1", "b2"]) {
            context,
            bodies in
            let all = try await context.map("all", [0, 1, 2], maxConcurrent: 1) { scope, number in
                _ = try await scope.step("b\(number)", bodies)
                try await scope.sleep(for: .seconds(1))
                return number
            }
            return "\(all)"
        },
        ConformanceCase("a map two at a time", "= \"[0, 1, 2, 3, 4]\"") { context, bodies in
            let all = try await context.map("all", Array(0..<5), maxConcurrent: 2) {
                scope,
                number in
                _ = try await scope.step("b\(number)", bodies)
                try await scope.sleep(for: .seconds(1 + number))
                return number
            }
            return "\(all)"
        },
        ConformanceCase("a map without operations", "= \"[1, 2]\"") { context, _ in
            let all = try await context.map("all", [0, 1]) { _, number in number + 1 }
            try await context.sleep(for: .seconds(1))
            return "\(all)"
        },
        ConformanceCase("a map whose branches catch", "= \"ok no ok\"") { context, bodies in
            let all = try await context.map("all", [0, 1, 2]) { scope, number in
                do {
                    if number == 1 { try await scope.failing("b", bodies) }
                    return "ok"
                } catch let error as OperationError {
                    return error.code
                }
            }
            try await context.sleep(for: .seconds(1))
            return all.joined(separator: " ")
        },
        ConformanceCase("a map that fails", "! no: b1 does not work") { context, bodies in
            let all = try await context.map("all", [0, 1, 2]) { scope, number in
                if number == 1 { try await scope.failing("b1", bodies) }
                try await scope.sleep(for: .seconds(100))
                return number
            }
            return "\(all)"
        },
        ConformanceCase("a map that fails and is caught", "= \"no after\"") { context, bodies in
            var code = ""
            do {
                _ = try await context.map("all", [0, 1, 2]) { scope, number in
                    try await scope.sleep(for: .seconds(number))
                    if number == 1 { try await scope.failing("b1", bodies) }
                    try await scope.sleep(for: .seconds(100))
                    return number
                }
            } catch let error as OperationError {
                code = error.code
            }
            try await context.sleep(for: .seconds(1))
            return code + " " + (try await context.step("after", bodies))
        },
        ConformanceCase("a map that fails without an operation", "= \"Boom after\"") {
            context,
            bodies in
            var code = ""
            do {
                _ = try await context.map("all", [0, 1]) { scope, number in
                    try await scope.sleep(for: .seconds(number + 1))
                    throw Boom("\(number)")
                }
            } catch let error as OperationError {
                code = error.code
            }
            try await context.sleep(for: .seconds(1))
            return code + " " + (try await context.step("after", bodies))
        },
        ConformanceCase("a map in a map", "= \"[[0, 1], [10, 11]]\"") { context, _ in
            let all = try await context.map("outer", [0, 10]) { scope, ten in
                try await scope.map("inner", [0, 1]) { inner, one in
                    try await inner.sleep(for: .seconds(one + 1))
                    return try await inner.checkpoint("sum") { _ in ten + one }
                }
            }
            return "\(all)"
        },
        ConformanceCase("many branches", "= \"1225\"") { context, _ in
            let all = try await context.map("all", Array(0..<50)) { scope, number in
                try await scope.checkpoint("b") { _ in number }
            }
            try await context.sleep(for: .seconds(1))
            return "\(all.reduce(0, +))"
        },
        ConformanceCase("two maps in a row", "= \"[1, 2] [2, 4]\"") { context, _ in
            let one = try await context.map("one", [1, 2]) { scope, number in
                try await scope.sleep(for: .seconds(number))
                return number
            }
            let two = try await context.map("two", one) { scope, number in
                try await scope.sleep(for: .seconds(number))
                return number * 2
            }
            return "\(one) \(two)"
        },
    ]

    private static let parallels: [ConformanceCase] = [
        ConformanceCase("branches of other types", "= \"1 two\"") { context, _ in
            let (number, text) = try await context.parallel(
                "both",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return 1
                },
                { scope in
                    try await scope.sleep(for: .seconds(2))
                    return "two"
                }
            )
            return "\(number) \(text)"
        },
        ConformanceCase("a scope of its own", "= \"abc\"", runs: ["a", "b", "c"]) {
            context,
            bodies in
            let a = try await context.step("a", bodies)
            let b: String = try await context.parallel(
                "scope",
                { scope in
                    let b = try await scope.step("b", bodies)
                    try await scope.sleep(for: .seconds(1))
                    return b
                }
            )
            return a + b + (try await context.step("c", bodies))
        },
        ConformanceCase("a scope that fails", "! no: inside does not work") { context, bodies in
            let value: Int = try await context.parallel(
                "scope",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    try await scope.failing("inside", bodies)
                    return 1
                }
            )
            return "\(value)"
        },
        ConformanceCase("a scope in a scope in a scope", "= \"deep\"") { context, bodies in
            try await context.parallel(
                "one",
                { one in
                    let value: String = try await one.parallel(
                        "two",
                        { two in
                            try await two.sleep(for: .seconds(1))
                            let value: String = try await two.parallel(
                                "three",
                                { three in try await three.step("deep", bodies) }
                            )
                            return value
                        }
                    )
                    return value
                }
            )
        },
        ConformanceCase(
            "waits of all kinds beside each other",
            "= \"2 yes\"",
            steps: [.signal("go", "yes")]
        ) { context, _ in
            let (tries, answer) = try await context.parallel(
                "both",
                { scope in
                    let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(5))
                    return try await scope.checkpoint("a", options: .init(retry: policy)) {
                        operation in
                        if operation.tries < 2 { throw Boom() }
                        return operation.tries
                    }
                },
                { scope in try await scope.receive("go", as: String.self) }
            )
            return "\(tries) \(answer)"
        },
        ConformanceCase("all ends are collected by hand", "= \"a no c\"") { context, bodies in
            let all = try await context.map("all", ["a", "b", "c"]) { scope, name in
                do {
                    try await scope.sleep(for: .seconds(1))
                    if name == "b" { try await scope.failing(name, bodies) }
                    return name
                } catch let error as OperationError {
                    return error.code
                }
            }
            return all.joined(separator: " ")
        },
    ]

    private static let races: [ConformanceCase] = [
        ConformanceCase("a race", "= \"fast\"") { context, _ in
            try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return "fast"
                },
                { scope in
                    try await scope.sleep(for: .seconds(2))
                    return "slow"
                }
            )
        },
        ConformanceCase("a race that an error wins", "! no: first does not work") {
            context,
            bodies in
            try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    try await scope.failing("first", bodies)
                    return "not reached"
                },
                { scope in
                    try await scope.sleep(for: .seconds(2))
                    return "slow"
                }
            )
        },
        ConformanceCase("a race of one", "= \"one\"") { context, _ in
            try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return "one"
                }
            )
        },
        ConformanceCase("a race, and the same again", "= \"0 1\"") { context, _ in
            var all: [String] = []
            for round in 0..<2 {
                all.append(
                    try await context.race(
                        "race",
                        (0..<2).map { number in
                            { @Sendable scope in
                                try await scope.sleep(
                                    for: .seconds(number == round ? 1 : 5)
                                )
                                return "\(number)"
                            }
                        }
                    )
                )
            }
            return all.joined(separator: " ")
        },
        ConformanceCase("a race of maps", "= \"[1, 2]\"") { context, _ in
            let won = try await context.race(
                "race",
                { scope in
                    try await scope.map("a", [1, 2]) { inner, number in
                        try await inner.sleep(for: .seconds(number))
                        return number
                    }
                },
                { scope in
                    try await scope.map("b", [3, 4]) { inner, number in
                        try await inner.sleep(for: .seconds(number))
                        return number
                    }
                }
            )
            return "\(won)"
        },
        ConformanceCase("a race, then what the loser would have done", "= \"fast x\"") {
            context,
            bodies in
            let won = try await context.race(
                "race",
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return "fast"
                },
                { scope in
                    try await scope.sleep(for: .seconds(2))
                    return try await scope.step("x", bodies)
                }
            )
            return won + " " + (try await context.step("x", bodies))
        },
    ]
}
