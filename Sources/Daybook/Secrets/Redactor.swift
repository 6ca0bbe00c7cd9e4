/// Keeps secrets out of what is written: each form of each of them becomes `***`.
package struct Redactor: Sendable {
    /// What stands in a secret's place.
    package static let mark = Array("***".utf8)

    private let search: NeedleSearch

    /// - Parameter secrets: their values, of at least 4 bytes each.
    package init(_ secrets: some Sequence<[UInt8]>) {
        search = NeedleSearch(
            secrets.reduce(into: Set()) { $0.formUnion(SecretForms.all(of: $1)) }
        )
    }

    /// Whether some form of a secret is in a text.
    package func finds(in text: some Sequence<UInt8>) -> Bool { end(ofFirstIn: text) != nil }

    /// The offset of the last byte of a text up to which some form of a secret is known to be in it; nil: none
    /// is.
    func end(ofFirstIn text: some Sequence<UInt8>) -> Int? {
        var walk = NeedleSearch.DeepWalk()
        var count = 0
        for byte in text {
            walk.take(byte, search)
            if !walk.found.isEmpty { return count }
            count += 1
        }
        walk.finish(search)
        return walk.found.isEmpty ? nil : max(count - 1, 0)
    }

    /// A text without secrets.
    package func redacted(_ text: String) -> String {
        var stream = Stream(self)
        let utf8 = Array(text.utf8)
        let redacted = stream.feed(utf8[...]) + stream.finish()
        return redacted == utf8 ? text : String(decoding: redacted, as: UTF8.self)
    }

    /// Bytes without secrets.
    package func redacted(_ bytes: [UInt8]) -> [UInt8] {
        var stream = Stream(self)
        return stream.feed(bytes[...]) + stream.finish()
    }

    /// A text that comes in pieces: a secret may begin in one and end in another.
    package struct Stream: Sendable {
        private let search: NeedleSearch
        private var walk = NeedleSearch.DeepWalk()
        /// What has not been given back yet.
        private var held: [UInt8] = []
        /// Where that begins in the text.
        private var start = 0

        /// A text that is empty so far.
        package init(_ redactor: Redactor) { search = redactor.search }

        /// Takes in the next piece.
        /// - Returns: as much as is known to be no part of a secret, and marks for those that end
        ///   there.
        package mutating func feed(_ piece: ArraySlice<UInt8>) -> [UInt8] {
            for byte in piece {
                held.append(byte)
                walk.take(byte, search)
            }
            return give(upTo: walk.position - walk.pending(search))
        }

        /// The text has ended.
        /// - Parameter isCut: whoever wrote it was stopped: what may be the beginning of a secret is one.
        /// - Returns: the rest of it.
        package mutating func finish(isCut: Bool = false) -> [UInt8] {
            // Half an escape may be a part of it.
            if isCut { walk.noteBeginning(search) }
            walk.finish(search)
            return give(upTo: walk.position)
        }

        private mutating func give(upTo end: Int) -> [UInt8] {
            // What was found and goes on beyond is given back with its end.
            var end = end
            if let cut = walk.found.first(where: { $0.contains(end) && $0.lowerBound < end }) {
                end = cut.lowerBound
            }
            var given: [UInt8] = []
            var place = start
            for found in walk.found where found.upperBound <= end {
                given += held[(place - start)..<(found.lowerBound - start)]
                given += Redactor.mark
                place = found.upperBound
            }
            if place < end { given += held[(place - start)..<(end - start)] }
            place = max(place, end)
            held.removeFirst(place - start)
            start = place
            walk.drop(upTo: place)
            return given
        }
    }
}
