import Daybook

/// What is ordered.
public struct Order: Codable, Sendable {
    /// Who orders.
    public var customer: String
    /// What they order, at least one.
    public var items: [String]
    /// What they pay, above zero.
    public var cents: Int

    /// An order; ``ProcessOrder/validate(_:)`` looks at it.
    public init(customer: String, items: [String], cents: Int) {
        self.customer = customer
        self.items = items
        self.cents = cents
    }
}

/// What an order comes to.
public struct Receipt: Codable, Hashable, Sendable {
    /// The bank's number.
    public var payment: String
    /// The carrier's number.
    public var parcel: String
}

/// What somebody says about a large order.
public struct Approval: Codable, Sendable {
    /// Whether the order may go on.
    public var isApproved: Bool
    /// Who says so.
    public var by: String

    /// An answer.
    public init(isApproved: Bool, by: String) {
        self.isApproved = isApproved
        self.by = by
    }
}

extension SignalKey where Value == Approval {
    /// One constant for who sends and who receives.
    public static var approval: SignalKey { SignalKey("approval") }
}

extension OutputKey where Value == String {
    /// Where the parcel is.
    public static var tracking: OutputKey { OutputKey("tracking") }
}

/// The bank's no. Its code stays when the type is renamed.
public struct CardDeclined: DurableError {
    /// What it is recorded under.
    public static let code = "card-declined"
    /// The card will not be better in a second.
    public var isRetryable: Bool { false }
    /// Who says no.
    public var bank: String

    /// The no of a bank.
    public init(bank: String) { self.bank = bank }
}
