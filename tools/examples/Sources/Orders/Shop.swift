/// The systems that an order goes through. Each call that does something takes a key: the same key
/// again does nothing, and answers as the first time.
public protocol Shop: Sendable {
    /// Puts an item aside.
    func reserve(_ item: String, for order: String, key: String) async throws
    /// Takes the money.
    /// - Returns: the bank's number for it.
    /// - Throws: ``CardDeclined``.
    func charge(_ cents: Int, for order: String, key: String) async throws -> String
    /// Hands the items to the carrier.
    /// - Returns: the carrier's number for the parcel.
    func ship(_ items: [String], for order: String, key: String) async throws -> String

    /// Takes back whatever was done for an order: parcels, payment, reservations. Taking back what
    /// was never done, or is taken back already, does nothing.
    func undo(_ order: String) async throws
}
