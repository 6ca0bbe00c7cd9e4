/// What came of a wait for a signal that has a time limit.
///
/// It is no optional value: a signal whose value is `nil` is something else than none.
public enum TimedSignal<Value: Sendable>: Sendable {
    /// The signal was there, or came in time.
    case given(Value)
    /// The time was over first.
    case timedOut

    /// The value; nil: the time was over first.
    public var value: Value? {
        if case .given(let value) = self { value } else { nil }
    }

    /// Whether the time was over first.
    public var isTimedOut: Bool {
        if case .timedOut = self { true } else { false }
    }
}

extension TimedSignal: Equatable where Value: Equatable {}
extension TimedSignal: Hashable where Value: Hashable {}
