import DaybookModel

/// Where the records of an execution's operations are, as far as these are not undone.
///
/// What an attempt takes back is found in proportion to how much that is, and to how deep the
/// operation lies that ended it: however much was recorded before, and however many attempts failed.
struct OperationPlaces {
    private var places: [OperationPath: Int] = [:]
    /// The positions of a scope at which there is a record, or one in a branch; ascending.
    private var positions: [[UInt32]: [UInt32]] = [:]
    /// The branches of an operation in which there are records.
    private var branches: [OperationPath: Set<UInt32>] = [:]
    /// How many positions were looked at for what was taken back.
    private(set) var steps = 0

    /// The operations, in no order, and where their records are.
    var all: [OperationPath: Int] { places }

    /// Where the record of an operation is.
    subscript(_ path: OperationPath) -> Int? { places[path] }

    /// An operation has a record.
    mutating func insert(_ path: OperationPath, at place: Int) {
        places[path] = place
        note(path.position, in: path.scope)
        for around in path.enclosing.reversed() {
            let path = OperationPath(scope: around.scope, position: around.position)
            // Where one is known, those around it are.
            guard branches[path, default: []].insert(around.branch).inserted else { return }
            note(around.position, in: around.scope)
        }
    }

    private mutating func note(_ position: UInt32, in scope: [UInt32]) {
        // Mostly it is the next one.
        var index = positions[scope]?.count ?? 0
        while index > 0, let other = positions[scope]?[index - 1], other >= position {
            if other == position { return }
            index -= 1
        }
        positions[scope, default: []].insert(position, at: index)
    }

    /// An attempt has ended with the failure of an operation, or what one began was cleaned up: what
    /// that takes back has no place any more.
    /// - Returns: the operations, and where their records are.
    mutating func takeBack(_ mark: Undoing.Mark) -> [(path: OperationPath, place: Int)] {
        var taken: [(path: OperationPath, place: Int)] = []
        if mark.isAlone {
            if let place = places.removeValue(forKey: mark.path) {
                taken.append((mark.path, place))
            }
            return taken
        }
        for around in mark.path.enclosing {
            remove(after: around.position, in: around.scope, &taken)
        }
        remove(after: mark.path.position, in: mark.path.scope, &taken)
        if mark.isWhole, positions[mark.path.scope]?.last == mark.path.position {
            positions[mark.path.scope]?.removeLast()
            remove(mark.path, &taken)
        } else if !mark.keepsBranches {
            removeBranches(of: mark.path, &taken)
        }
        return taken
    }

    private mutating func remove(
        after position: UInt32,
        in scope: [UInt32],
        _ taken: inout [(path: OperationPath, place: Int)]
    ) {
        while let last = positions[scope]?.last, last > position {
            positions[scope]?.removeLast()
            remove(OperationPath(scope: scope, position: last), &taken)
        }
    }

    private mutating func remove(
        _ path: OperationPath,
        _ taken: inout [(path: OperationPath, place: Int)]
    ) {
        steps += 1
        if let place = places.removeValue(forKey: path) { taken.append((path, place)) }
        removeBranches(of: path, &taken)
    }

    private mutating func removeBranches(
        of path: OperationPath,
        _ taken: inout [(path: OperationPath, place: Int)]
    ) {
        for branch in branches.removeValue(forKey: path) ?? [] {
            let scope = path.scope + [path.position, branch]
            for position in positions.removeValue(forKey: scope) ?? [] {
                remove(OperationPath(scope: scope, position: position), &taken)
            }
        }
    }
}
