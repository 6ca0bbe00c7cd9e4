import Testing

/// The trees of pages in a data file, as `lmdb.h` and `mdb.c` lay them out.
extension JournalBytes {
    /// A leaf's entry: its key, and its value, if that lies in the page.
    private struct Item {
        let key: [UInt8]
        let value: [UInt8]
    }

    /// The page that names the databases.
    var mainRoot: Int {
        // The meta page with the newest transaction.
        let transactions = [0, 1].map { integer(at: $0 * Self.pageSize + 144, 8) }
        let meta = transactions[0] < transactions[1] ? 1 : 0
        return integer(at: meta * Self.pageSize + 128, 8)
    }

    /// The page that a database begins with, which must not be empty.
    func root(of database: String) throws -> Int {
        let item = try #require(
            leaves(below: mainRoot).flatMap(items).first { $0.key == Array(database.utf8) }
        )
        return item.value[40..<48].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The leaves of a database, in the order of their keys.
    func leaves(of database: String) throws -> [Int] { leaves(below: try root(of: database)) }

    /// Has two pages lie in each other's place.
    mutating func swapPages(_ first: Int, _ second: Int) {
        for offset in 0..<Self.pageSize {
            bytes.swapAt(first * Self.pageSize + offset, second * Self.pageSize + offset)
        }
    }

    /// Overwrites a page.
    mutating func fill(_ page: Int, _ byte: UInt8) {
        for offset in 0..<Self.pageSize { bytes[page * Self.pageSize + offset] = byte }
    }

    private func integer(at place: Int, _ count: Int) -> Int {
        bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Where the nodes of a page lie.
    private func nodes(_ page: Int) -> [Int] {
        let start = page * Self.pageSize
        return stride(from: 16, to: integer(at: start + 12, 2), by: 2)
            .map { start + integer(at: start + $0, 2) }
    }

    private func leaves(below page: Int) -> [Int] {
        let isBranch = integer(at: page * Self.pageSize + 10, 2) & 1 != 0
        guard isBranch else { return [page] }
        // The page's number has 48 bits, of which the last 16 lie where a leaf has its flags.
        return nodes(page).flatMap { leaves(below: integer(at: $0, 6)) }
    }

    private func items(_ page: Int) -> [Item] {
        nodes(page).map { node in
            let length = integer(at: node + 6, 2)
            let value = node + 8 + length
            return Item(
                key: Array(bytes[node + 8..<value]),
                value: Array(bytes[value..<value + integer(at: node, 4)])
            )
        }
    }
}
