import Foundation

/// A shop, its bank and its carrier, played by one file: a line of JSON for each deed. Several
/// processes may use it; it honours keys, as systems that deal with money must.
public struct LedgerShop: Shop {
    /// A line of the ledger.
    public struct Deed: Codable, Hashable, Sendable {
        /// The order that it was done for.
        public var order: String
        /// `reserve`, `charge` or `ship`; with `undo` before it once it is taken back.
        public var name: String
        /// The items, or the cents.
        public var what: String
        /// By which a repetition is known.
        public var key: String
    }

    /// Nobody takes a parcel at the moment.
    public struct NoCarrier: Error {}

    private let path: String
    /// Called after a deed is done and before anybody is told: a test ends the process here.
    private let afterDeed: @Sendable () -> Void

    /// A shop whose ledger is at `path`, made when it is missing.
    public init(path: String, afterDeed: @escaping @Sendable () -> Void = {}) {
        self.path = path
        self.afterDeed = afterDeed
    }

    /// Puts an item aside.
    public func reserve(_ item: String, for order: String, key: String) throws {
        try add(Deed(order: order, name: "reserve", what: item, key: key))
    }

    /// Takes the money.
    public func charge(_ cents: Int, for order: String, key: String) throws -> String {
        // The bank of this example knows one bad card.
        if order.hasPrefix("poor") { throw CardDeclined(bank: "First Example Bank") }
        try add(Deed(order: order, name: "charge", what: "\(cents)", key: key))
        return "payment-\(key.prefix(8))"
    }

    /// Hands the items to the carrier.
    public func ship(_ items: [String], for order: String, key: String) throws -> String {
        // No carrier goes there: it may be better in a second, and is not.
        if order.hasPrefix("remote") { throw NoCarrier() }
        try add(Deed(order: order, name: "ship", what: items.joined(separator: "+"), key: key))
        return "parcel-\(key.prefix(8))"
    }

    /// Takes back what was done for an order, the last first.
    public func undo(_ order: String) throws {
        let isNew = try withLedger { deeds, file in
            let undone = Set(deeds.filter { $0.name.hasPrefix("undo ") }.map(\.key))
            let open = deeds.filter {
                $0.order == order && !$0.name.hasPrefix("undo ") && !undone.contains($0.key)
            }
            for deed in open.reversed() {
                var undo = deed
                undo.name = "undo \(deed.name)"
                try Self.append(undo, to: file)
            }
            return !open.isEmpty
        }
        if isNew { afterDeed() }
    }

    /// All that was done, in order.
    public func deeds() throws -> [Deed] { try withLedger { deeds, _ in deeds } }

    private func add(_ deed: Deed) throws {
        let isNew = try withLedger { deeds, file in
            guard !deeds.contains(where: { $0.key == deed.key }) else { return false }
            try Self.append(deed, to: file)
            return true
        }
        if isNew { afterDeed() }
    }

    private static func append(_ deed: Deed, to file: FileHandle) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try file.seekToEnd()
        try file.write(contentsOf: try encoder.encode(deed) + Data("\n".utf8))
        try file.synchronize()
    }

    private func withLedger<Result>(_ body: ([Deed], FileHandle) throws -> Result) throws -> Result
    {
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileReadNoPermission) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // Held until the file is closed.
        guard flock(descriptor, LOCK_EX) == 0 else { throw CocoaError(.fileLocking) }
        let lines = try file.readToEnd() ?? Data()
        let deeds = try lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Deed.self, from: $0)
        }
        return try body(deeds, file)
    }
}
