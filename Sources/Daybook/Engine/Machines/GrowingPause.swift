/// How long to wait before something is tried again that has failed: twice as long each time, up to
/// a limit.
struct GrowingPause: Sendable {
    private let first: Duration
    private let longest: Duration
    private var next: Duration

    /// - Parameters:
    ///   - first: the first pause.
    ///   - longest: no pause is longer.
    init(first: Duration = .milliseconds(500), longest: Duration = .seconds(60)) {
        self.first = first
        self.longest = longest
        next = first
    }

    /// The pause before the next try.
    mutating func take() -> Duration {
        defer { next = min(next * 2, longest) }
        return next
    }

    /// A try was successful: the next pause is the first one again.
    mutating func reset() { next = first }
}
