import DaybookSystem

extension Shortage {
    /// Takes any error for a shortage: one itself, or a system call that failed for one.
    static func found(in error: any Error) -> Shortage? {
        error as? Shortage ?? (error as? SystemError).flatMap { Shortage($0) }
    }
}
