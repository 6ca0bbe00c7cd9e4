package import DaybookModel

/// A workflow that runs what people have written in another language: it says in their words what to do
/// where that disagrees with what is recorded.
package protocol DivergenceAdvising {
    /// What to do about it; nil: what is said of Swift code holds.
    /// - Parameter isFork: a fork was asked for, and is refused; else the execution is parked.
    static func correction(of divergence: Divergence, isFork: Bool) -> String?

    /// What differs, where a fork was asked for; nil: what is said of Swift code holds.
    /// - Parameters:
    ///   - recorded: the encoded input of the execution to fork.
    ///   - given: that of the fork.
    static func difference(
        _ divergence: Divergence,
        recorded: [UInt8],
        given: [UInt8]
    ) -> String?

    /// That an operation which is to be undone has nothing that undoes it any more, and what to do about
    /// it; nil: what is said of Swift code holds.
    /// - Parameter given: the encoded input of the fork.
    static func lack(ofUndoing operation: String, given: [UInt8]) -> String?
}
