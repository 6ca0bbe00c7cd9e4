/// Which tasks an engine dispatches once they are due.
///
/// Only tasks whose backend this process can run are dispatched by it. Several processes may dispatch
/// from one journal: a task that is due is dispatched once.
public struct ScheduleOptions: Sendable, Hashable {
    /// Only tasks of these types; nil: of all.
    public var types: [String]?
    /// Only tasks that have a priority.
    public var onlyPrioritised: Bool

    /// All tasks, unless something else is said.
    public init(types: [String]? = nil, onlyPrioritised: Bool = false) {
        self.types = types
        self.onlyPrioritised = onlyPrioritised
    }
}
