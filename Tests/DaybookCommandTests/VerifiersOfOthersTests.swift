import DaybookJournal
import DaybookSystem
import DaybookTestKit
import SeededRandom
import Testing

/// Proofs of a tree whose leaves are known, for ``Verifiers``: `checkTrees` in `tools/verifiers/main.go`
/// says how they are written.
private struct ProofFile {
    let tree: LeafTree
    private(set) var bytes: [UInt8] = []

    init(count: Int) {
        tree = LeafTree(count: count)
        put(UInt64(count))
    }

    private mutating func put(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func put(_ kind: String, _ numbers: UInt64..., hashes: [TreeHash]) {
        bytes.append(contentsOf: kind.utf8)
        for number in numbers { put(number) }
        for hash in hashes { bytes.append(contentsOf: hash.bytes) }
    }

    mutating func putRoot(_ size: UInt64) throws {
        put("r", size, hashes: [try tree.root(size: size)])
    }

    mutating func putInclusion(of index: UInt64, in size: UInt64) throws {
        let path = try tree.inclusionProof(of: index, size: size)
        put("i", size, index, UInt64(path.count), hashes: path)
    }

    mutating func putConsistency(from old: UInt64, to size: UInt64) throws {
        let path = try tree.consistencyProof(from: old, to: size)
        put("c", size, old, UInt64(path.count), hashes: path)
    }

    /// A byte that is another one, counted from the end.
    mutating func flip(fromEnd place: Int) { bytes[bytes.count - place] ^= 1 }
}

/// What is signed and proven here is right by programs in which no line is ours.
@Suite struct VerifiersOfOthersTests {
    @Test func everyTreeToThreeHundredLeaves() async throws {
        try await withFolder { folder in
            var file = ProofFile(count: 300)
            for size in 0...UInt64(300) {
                try file.putRoot(size)
                for index in 0..<size {
                    try file.putInclusion(of: index, in: size)
                    try file.putConsistency(from: index + 1, to: size)
                }
            }
            try writeBytes(file.bytes, to: folder + "/trees")
            let go = try await Verifiers.go("trees", "trees", in: folder)
            #expect(go.status == 0, "\(go.errors)")
            #expect(go.text == "301 roots, 45150 proofs of leaves, 45150 proofs of trees\n")
            let python = try await Verifiers.python("roots", "trees", in: folder)
            #expect(python.status == 0 && python.text == "301 roots\n", "\(python.errors)")
        }
    }

    @Test func tenThousandPairsOfSizesToAMillion() async throws {
        try await withFolder { folder in
            var file = ProofFile(count: 1_000_000)
            var random = SeededGenerator(seed: 1_962)
            for _ in 0..<10_000 {
                let size = UInt64(random.next(below: 1_000_000)) + 1
                let old = UInt64(random.next(below: Int(size))) + 1
                try file.putConsistency(from: old, to: size)
                try file.putInclusion(of: old - 1, in: size)
            }
            try writeBytes(file.bytes, to: folder + "/trees")
            let go = try await Verifiers.go("trees", "trees", in: folder)
            #expect(go.status == 0, "\(go.errors)")
            #expect(go.text == "0 roots, 10000 proofs of leaves, 10000 proofs of trees\n")
        }
    }

    /// They would see it, if it were wrong.
    @Test func whatIsWrongIsWrongToThemToo() async throws {
        try await withFolder { folder in
            var files: [ProofFile] = []
            for kind in 0..<3 {
                var file = ProofFile(count: 20)
                switch kind {
                case 0: try file.putRoot(20)
                case 1: try file.putInclusion(of: 7, in: 20)
                default: try file.putConsistency(from: 7, to: 20)
                }
                file.flip(fromEnd: 5)
                files.append(file)
            }
            for (kind, file) in files.enumerated() {
                try writeBytes(file.bytes, to: folder + "/trees")
                #expect(try await Verifiers.go("trees", "trees", in: folder).status == 1)
                let status = try await Verifiers.python("roots", "trees", in: folder).status
                #expect(status == (kind == 0 ? 1 : 0))
            }
        }
    }

    @Test func headsAndProofsOfAJournal() async throws {
        try await SampleJournals.large().withJournal { sandbox in
            let line = try await sandbox.succeed("keygen", "--output", "log.key").text
            let key = String(line.dropLast())
            let folder = sandbox.folder
            let count = try #require(
                try await sandbox.succeed("verify", "--json").json["entries"].integer
            )
            let sizes = [1, 255, 256, 257, 512, 600, count]
            for size in sizes {
                let head = try await sandbox.succeed(
                    "head",
                    "--key",
                    "log.key",
                    "--size",
                    "\(size)"
                )
                try sandbox.write(head.text, to: "\(size).head")
                let text = head.text.split(separator: "\n").prefix(3).joined(separator: "\n") + "\n"
                for theirs in [
                    try await Verifiers.go("note", key, "\(size).head", in: folder),
                    try await Verifiers.python("note", key, "\(size).head", in: folder),
                ] {
                    #expect(theirs.status == 0 && theirs.text == text, "\(theirs.errors)")
                }
            }
            for (old, new) in zip(sizes, sizes.dropFirst()) {
                let hashes = try await sandbox.succeed("prove-consistency", "\(old)", "\(new)").text
                try sandbox.write(hashes, to: "hashes")
                func check(_ old: Int, _ new: Int) async throws -> CommandResult {
                    try await Verifiers.go(
                        "consistency",
                        key,
                        "\(old).head",
                        "\(new).head",
                        "hashes",
                        in: folder
                    )
                }
                let good = try await check(old, new)
                #expect(good.status == 0, "\(good.errors)")
                #expect(try await check(new, old).status == 1)
            }
            for entry in [0, 1, 254, 255, 256, 511, 599] {
                let proof = try await sandbox.succeed("prove", "\(entry)", "--head", "600.head")
                    .text
                try sandbox.write(proof, to: "proof")
                let good = try await Verifiers.go("proof", key, "proof", in: folder)
                #expect(good.status == 0 && good.text == "\(entry)\n", "\(good.errors)")
                try sandbox.write(
                    proof.replacing("\nindex \(entry)\n", with: "\nindex \(entry + 1)\n"),
                    to: "proof"
                )
                #expect(try await Verifiers.go("proof", key, "proof", in: folder).status == 1)
            }
        }
    }

    @Test func theyRefuseWhatAnotherKeyHasSigned() async throws {
        try await withSandbox { sandbox in
            let line = try await sandbox.succeed("keygen", "--output", "log.key").text
            let origin = try #require(line.split(separator: "+").first)
            let other = try await sandbox.succeed(
                "keygen",
                "--output",
                "other.key",
                "--name",
                String(origin)
            ).text
            let head = try await sandbox.succeed("head", "--key", "log.key").text
            try sandbox.write(head, to: "head")
            for key in [other, line] {
                let status: Int32 = key == line ? 0 : 1
                let key = String(key.dropLast())
                #expect(
                    try await Verifiers.go("note", key, "head", in: sandbox.folder).status == status
                )
                #expect(
                    try await Verifiers.python("note", key, "head", in: sandbox.folder).status
                        == status
                )
            }
        }
    }
}
