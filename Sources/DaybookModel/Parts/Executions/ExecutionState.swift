import DaybookFormat
import SwiftProtobuf

/// An open execution, folded from its entries. What is closed is a row of the index instead.
///
/// It is made of parts (`ExecutionPart`), each in a folder of its own. Here are the names and the
/// links of its history, and where the parts lie.
package struct ExecutionState: Sendable {
    /// The sequence of its first entry.
    package let number: UInt64
    /// The id that it was submitted under.
    package let id: Name
    /// The name of its workflow.
    package internal(set) var type: Name
    /// When it was submitted.
    package let submittedAt: Timestamp
    /// When its last entry was written.
    package internal(set) var updatedAt: Timestamp
    /// How many entries it has.
    package internal(set) var entries: UInt64 = 1
    /// The last of them.
    package internal(set) var last: UInt64

    var lifecycle = Lifecycle()
    var lease = LeaseState()
    /// How far the operations of each scope are recorded.
    package internal(set) var progress = ScopeProgress()
    private var box = nothing

    /// What most executions have little of, behind one reference.
    struct Rare: Sendable {
        var terms = RecordedTerms()
        var lineage = Lineage()
        var refusedEpochs: [UInt64] = []
        /// Those that the end has cut short are kept.
        var waits = WaitTable()
        /// Those of branches that were stopped because another one failed.
        var stoppedWaits = StoppedWaits()
        var mailbox = Mailbox()
        /// The ids of all signals that were sent.
        var signalIDs = SignalIDs()
        /// The entries that hold the values of the store, by key.
        var store: [Name: UInt64] = [:]
        /// The entries that hold the outputs.
        var outputs = Outputs()
        /// What is to be done should it be ended from outside.
        var cleaning = Cleaning()
        /// Attempts that the retry policy does not count.
        var attemptsBefore: UInt32 = 0
        /// What it is parked for.
        var doubts: [Doubt] = []
        var pin = Pin()
        /// The folder that it keeps files in.
        var workspace = RecordedWorkspace()
        /// The newest entry by which payloads of it were erased; 0: none was.
        var erased: UInt64 = 0
        /// The entry that vouches for the archive that it lies in; 0: there is none.
        var archived: UInt64 = 0
        /// Its parent, and its children that are open.
        var family = Family()
        /// The entry that ended the attempt before with an error; 0: none did.
        var previousFailure: UInt64 = 0
        var errorCode = ""
    }

    /// Sendable without the compiler's check: it is changed only while it has one owner.
    private final class Box: @unchecked Sendable {
        var rare: Rare
        init(_ rare: Rare) { self.rare = rare }
    }

    /// The box of all that have nothing in it; never changed, because nobody is its only owner.
    private static let nothing = Box(Rare())

    #if DEBUG
    /// What most executions have little of. Copied for whoever looks: where `_read` is not inlined, the
    /// compiler (6.3.1) gives back the memory of the coroutine before it ends the values that it has taken
    /// from it, which is a use after free.
    var rare: Rare {
        get { box.rare }
        _modify {
            ownBox()
            yield &box.rare
        }
    }
    #else
    /// What most executions have little of. Who only looks takes no copy; who changes something has
    /// a place made for it.
    var rare: Rare {
        // Inlined, which only what yields in one place is, so that no memory is taken for a coroutine.
        @inline(__always) _read { yield box.rare }
        _modify {
            ownBox()
            yield &box.rare
        }
    }
    #endif

    private mutating func ownBox() {
        if !isKnownUniquelyReferenced(&box) { box = Box(box.rare) }
    }

    init(number: UInt64, id: Name, type: Name, submittedAt: Timestamp) {
        self.number = number
        self.id = id
        self.type = type
        self.submittedAt = submittedAt
        updatedAt = submittedAt
        last = number
    }

    // MARK: Undoing

    /// From now on ``undoing`` is collected.
    package mutating func collectUndone() { progress.collectUndone() }

    /// Whether ``undoing`` is collected.
    package var collectsUndone: Bool { progress.undoing != nil }

    /// What later attempts have undone. Only collected on demand.
    package var undoing: Undoing { progress.undoing ?? Undoing() }
}
