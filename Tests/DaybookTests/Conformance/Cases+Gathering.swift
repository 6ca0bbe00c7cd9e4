import Daybook
import DaybookModel
import Testing

extension Outcomes where Value == Int {
    /// What each branch came to, and why no other is waited for.
    fileprivate var text: String {
        let all = results.map { result in
            switch result {
            case .success(let value): "\(value)"
            case .failure(let error):
                "\(error.code)@\(error.branch.map { "\($0)" }.joined(separator: "."))"
            case nil: "-"
            }
        }
        return all.joined(separator: " ") + " \(reason)"
    }
}

extension ConformanceCase {
    /// Branches whose failures are results, and rules by which not all of them are waited for.
    static let gathering: [ConformanceCase] = gathered + completions + gatheredAgain + winners

    /// A map of five elements, each after as many seconds as its number says; the odd ones fail.
    private static func five(
        _ context: WorkflowContext,
        _ bodies: ConformanceBodies,
        maxConcurrent: Int = .max,
        until completion: Completion
    ) async throws -> Outcomes<Int> {
        try await context.map("five", 0..<5, maxConcurrent: maxConcurrent, until: completion) {
            scope,
            number in
            try await scope.sleep(for: .seconds(number + 1))
            if number % 2 == 1 { try await scope.failing("b\(number)", bodies) }
            _ = try await scope.step("b\(number)", bodies)
            return number
        }
    }

    private static let gathered: [ConformanceCase] = [
        ConformanceCase(
            "every end is gathered",
            "= \"0 no@1 2 no@3 4 all after\"",
            runs: ["b0", "b1", "b2", "b3", "b4", "after"]
        ) { context, bodies in
            let outcomes = try await five(context, bodies, until: .all)
            return outcomes.text + " " + (try await context.step("after", bodies))
        },
        ConformanceCase("one at a time", "= \"0 no@1 2 no@3 4 all\"") { context, bodies in
            try await five(context, bodies, maxConcurrent: 1, until: .all).text
        },
        ConformanceCase("nothing is gathered of nothing", "= \" all\"") { context, _ in
            try await context.map("none", [Int](), until: Completion(minSuccesses: 1)) {
                _,
                number in
                number
            }.text
        },
        ConformanceCase("branches that throw by themselves", "= \"Boom@0 1 all\"") { context, _ in
            let outcomes = try await context.parallel(
                "two",
                until: .all,
                { scope -> Int in
                    try await scope.sleep(for: .seconds(2))
                    throw Boom()
                },
                { scope in
                    try await scope.sleep(for: .seconds(1))
                    return 1
                }
            )
            try await context.sleep(for: .seconds(1))
            return outcomes.text
        },
        ConformanceCase("branches in branches", "= \"0 no@1.1 2 all\"") { context, bodies in
            let outcomes = try await context.map("outer", 0..<3, until: .all) { scope, number in
                try await scope.map("inner", 0..<3) { inner, other in
                    try await inner.sleep(for: .seconds(number + other + 1))
                    if number == 1, other == 1 { try await inner.failing("b", bodies) }
                    return number
                }[0]
            }
            try await context.sleep(for: .seconds(1))
            return outcomes.text
        },
        ConformanceCase("the error of a map has its place", "= \"1.0\"") { context, bodies in
            do {
                _ = try await context.map("outer", 0..<2) { scope, number in
                    try await scope.map("inner", 0..<2) { inner, other in
                        try await inner.sleep(for: .seconds(9 - 8 * number + other))
                        try await inner.failing("b", bodies)
                    }
                }
                return "not reached"
            } catch let error as OperationError {
                try await context.sleep(for: .seconds(1))
                return error.branch.map { "\($0)" }.joined(separator: ".")
            }
        },
        ConformanceCase("the first failure of all is thrown", "! no: b1 does not work") {
            context,
            bodies in
            let values = try await five(context, bodies, until: .all).all()
            return "\(values)"
        },
    ]

    private static let completions: [ConformanceCase] =
        [
            ConformanceCase(
                "so many successes are enough",
                "= \"0 no@1 2 - - min_successes after\"",
                runs: ["b0", "b1", "b2", "after"]
            ) { context, bodies in
                let outcomes = try await five(context, bodies, until: Completion(minSuccesses: 2))
                return outcomes.text + " " + (try await context.step("after", bodies))
            },
            ConformanceCase("the last one makes it enough", "= \"0 no@1 2 no@3 4 min_successes\"") {
                context,
                bodies in
                try await five(context, bodies, until: Completion(minSuccesses: 3)).text
            },
            ConformanceCase("too few successes", "= \"0 no@1 2 no@3 4 all\"") { context, bodies in
                try await five(context, bodies, until: Completion(minSuccesses: 4)).text
            },
            ConformanceCase(
                "too many failures",
                "= \"0 no@1 2 no@3 - tolerance_exceeded after\"",
                runs: ["b0", "b1", "b2", "b3", "after"]
            ) { context, bodies in
                let outcomes = try await five(
                    context,
                    bodies,
                    until: Completion(toleratedFailures: 1)
                )
                return outcomes.text + " " + (try await context.step("after", bodies))
            },
            ConformanceCase("as many failures as are tolerated", "= \"0 no@1 2 no@3 4 all\"") {
                context,
                bodies in
                try await five(context, bodies, until: Completion(toleratedFailures: 2)).text
            },
            ConformanceCase("a part of all may fail", "= \"0 no@1 2 no@3 4 all\"") {
                context,
                bodies in
                try await five(context, bodies, until: Completion(toleratedFailureShare: 0.4)).text
            },
            ConformanceCase("more than a part fails", "= \"0 no@1 2 no@3 - tolerance_exceeded\"") {
                context,
                bodies in
                try await five(context, bodies, until: Completion(toleratedFailureShare: 0.39)).text
            },
            ConformanceCase("one at a time, until it is enough", "= \"0 no@1 2 - - min_successes\"")
            {
                context,
                bodies in
                let completion = Completion(minSuccesses: 2, toleratedFailures: 3)
                return try await five(context, bodies, maxConcurrent: 1, until: completion).text
            },
            ConformanceCase("a rule in a branch of a rule", "= \"0 - - min_successes\"") {
                context,
                bodies in
                let outcomes = try await context.map(
                    "outer",
                    0..<3,
                    until: Completion(minSuccesses: 1)
                ) { scope, number in
                    let inner = try await five(
                        scope,
                        bodies,
                        until: Completion(minSuccesses: 1 + number)
                    )
                    return try #require(inner.values.first, "\(inner)") + number
                }
                try await context.sleep(for: .seconds(1))
                return outcomes.text
            },
        ]
        + [
            (Completion(minSuccesses: 0), "minSuccesses 0"),
            (Completion(toleratedFailures: -1), "toleratedFailures -1"),
            (Completion(toleratedFailureShare: 1.5), "toleratedFailureShare 1.5"),
            (Completion(toleratedFailureShare: .nan), "toleratedFailureShare nan"),
        ].map { completion, what in
            ConformanceCase("a completion with \(what)", "= \"invalid-argument \(what)\"", runs: [])
            {
                context,
                bodies in
                do {
                    return try await five(context, bodies, until: completion).text
                } catch let error as OperationError {
                    return error.code
                        + (error.message.contains("has \(what); give") ? " \(what)" : "")
                }
            }
        }

    private static let gatheredAgain: [ConformanceCase] = [
        ConformanceCase(
            "what is gathered runs again in the next attempt unless it is dealt with",
            "= \"0 1 2 all\"",
            runs: ["b0", "b1", "b2", "b1"],
            terms: .attempts(2)
        ) { context, bodies in
            let outcomes = try await context.map("three", 0..<3, until: .all) { scope, number in
                try await scope.sleep(for: .seconds(number + 1))
                return try await scope.checkpoint("b") { operation in
                    bodies.ran("b\(number)")
                    if number == 1, operation.attempt == 1 { throw Boom() }
                    return number
                }
            }
            _ = try outcomes.all()
            return outcomes.text
        },
        ConformanceCase(
            "what is recorded after the failures has dealt with them",
            "= \"0 Boom@1 2 all 2\"",
            runs: ["b0", "b1", "b2"],
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = context.attempt
            let outcomes = try await context.map("three", 0..<3, until: .all) { scope, number in
                try await scope.sleep(for: .seconds(number + 1))
                return try await scope.checkpoint("b") { _ in
                    bodies.ran("b\(number)")
                    if number == 1 { throw Boom() }
                    return number
                }
            }
            try await context.sleep(for: .seconds(1))
            if attempt == 1 { throw outcomes.failures[0] }
            return outcomes.text + " \(attempt)"
        },
        ConformanceCase(
            "what was enough stands in the next attempt",
            "= \"0 Boom@1 2 - min_successes 2\"",
            runs: ["b0", "b1", "b2"],
            terms: .attempts(2)
        ) { context, bodies in
            let attempt = context.attempt
            let outcomes = try await context.map(
                "four",
                0..<4,
                until: Completion(minSuccesses: 2)
            ) { scope, number in
                try await scope.sleep(for: .seconds(number + 1))
                return try await scope.checkpoint("b") { _ in
                    bodies.ran("b\(number)")
                    if number == 1 { throw Boom() }
                    return number
                }
            }
            if attempt == 1 { throw Boom("again") }
            return outcomes.text + " \(attempt)"
        },
        ConformanceCase(
            "what was too much runs again in the next attempt",
            "= \"0 1 2 all\"",
            runs: ["b0", "b1", "b1", "b2"],
            terms: .attempts(2)
        ) { context, bodies in
            let outcomes = try await context.map(
                "three",
                0..<3,
                until: Completion(toleratedFailures: 0)
            ) { scope, number in
                try await scope.sleep(for: .seconds(5 * number + 1))
                return try await scope.checkpoint("b") { operation in
                    bodies.ran("b\(number)")
                    if number == 1, operation.attempt == 1 { throw Boom() }
                    return number
                }
            }
            _ = try outcomes.all()
            return outcomes.text
        },
    ]

    private static let winners: [ConformanceCase] = [
        ConformanceCase("the first that ends well wins", "= \"2 after\"") { context, bodies in
            let won = try await context.race(
                "who",
                by: .firstSuccess,
                (0..<4).map { number in
                    { @Sendable scope in
                        try await scope.sleep(for: .seconds(number + 1))
                        if number < 2 { try await scope.failing("b\(number)", bodies) }
                        return number
                    }
                }
            )
            return "\(won) " + (try await context.step("after", bodies))
        },
        ConformanceCase("none ends well", "= \"b2 does not work 2 after\"") { context, bodies in
            do {
                return try await context.race(
                    "who",
                    by: .firstSuccess,
                    (0..<3).map { number in
                        { @Sendable scope in
                            try await scope.sleep(for: .seconds(number + 1))
                            try await scope.failing("b\(number)", bodies)
                            return "not reached"
                        }
                    }
                )
            } catch let error as OperationError {
                return "\(error.message) \(error.branch[0]) "
                    + (try await context.step("after", bodies))
            }
        },
    ]
}
