import Testing

@testable import DaybookJournal

@Suite struct TreeHashTests {
    /// The leaves of Certificate Transparency's test vectors.
    private let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        [
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D,
            0x6E, 0x6F,
        ],
    ]

    @Test(arguments: [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ])
    func rootsAreThoseOfCertificateTransparency(_ size: Int, _ root: String) {
        let hashes = leaves[..<size].map { leaf in leaf.withUnsafeBytes { TreeHash.leaf($0) } }
        var builder = TreeBuilder()
        var recorder = TreeRecorder()
        for hash in hashes {
            builder.append(hash) { _ in Issue.record("no tile is full") }
            recorder.append(hash) { _, _, _ in Issue.record("no tile is full") }
        }
        #expect(builder.root.hex == root)
        #expect(builder.size == UInt64(size))
        #expect(builder.lastLeaves == hashes)
        #expect(recorder.root.hex == root)
        #expect(recorder.size == UInt64(size))
        // The reference that other tests compare with.
        #expect(ReferenceTree(hashes).root(size).hex == root)
        #expect(ReferenceTree(hashes).naiveRoot(0..<size).hex == root)
    }

    @Test func bytesAndHexadecimalDigitsAreTheHash() {
        let bytes = (0..<32).map { UInt8($0 * 8 + 7) }
        let hash = bytes.withUnsafeBytes { TreeHash($0) }
        #expect(hash.bytes == bytes)
        #expect(hash.hex == "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff")
        let odd = ([0] + bytes).withUnsafeBytes { bytes in
            TreeHash(UnsafeRawBufferPointer(rebasing: bytes[1...]))
        }
        #expect(odd == hash)
    }

    @Test func hashesThatLieTogetherAreTakenApart() {
        let hashes = leafHashes(3)
        let bytes = hashes.flatMap(\.bytes)
        #expect(TreeHash.all(bytes) == hashes)
        // What is not a whole hash at the end is left out.
        #expect(TreeHash.all(bytes + [1, 2, 3]) == hashes)
        #expect(TreeHash.all(Array(bytes[..<95])) == Array(hashes[..<2]))
        #expect(TreeHash.all([UInt8]()) == [])
    }

    @Test func aNodeIsNotALeaf() {
        let hashes = leafHashes(2)
        let joined = hashes.flatMap(\.bytes)
        #expect(TreeHash.node(hashes[0], hashes[1]) != joined.withUnsafeBytes { .leaf($0) })
        #expect(TreeHash.node(hashes[0], hashes[1]) != .node(hashes[1], hashes[0]))
    }
}
