import DaybookJournal
import DaybookSystem

extension Activation {
    /// Latches when an error says that the machine, and not the work, has failed: it has too little of
    /// something, or its disk cannot be used.
    func latch(ifOfTheMachine error: any Error) {
        if let shortage = Shortage.found(in: error) {
            latch(.shortage(shortage))
        } else if let error = error as? SystemError, error.isOfTheDisk {
            latch(.journalFailed(error))
        }
    }
}

extension Shortage {
    /// Takes any error for a shortage: one itself, or a system call that failed for one.
    static func found(in error: any Error) -> Shortage? {
        error as? Shortage
            ?? (error as? SystemError ?? (error as? SecretError)?.cause).flatMap { Shortage($0) }
    }
}
