package import DaybookModel

/// A workflow that runs what people have written in another language: it says in their words what to do
/// where that disagrees with what is recorded.
package protocol DivergenceAdvising {
    /// What to do about it; nil: what is said of Swift code holds.
    /// - Parameter isFork: a fork was asked for, and is refused; else the execution is parked.
    static func correction(of divergence: Divergence, isFork: Bool) -> String?
}
