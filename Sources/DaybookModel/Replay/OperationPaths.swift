/// Places of operations in the order of the code, so that those in the branches of one lie together.
struct OperationPaths: Sendable {
    private(set) var paths: [OperationPath] = []

    var isEmpty: Bool { paths.isEmpty }

    func contains(_ path: OperationPath) -> Bool {
        let index = index(of: path)
        return index < paths.count && paths[index] == path
    }

    mutating func insert(_ path: OperationPath) {
        // Most come in the order of the code.
        if paths.last.map({ $0 < path }) ?? true { return paths.append(path) }
        let index = index(of: path)
        if paths[index] != path { paths.insert(path, at: index) }
    }

    /// - Returns: whether it was there.
    @discardableResult
    mutating func remove(_ path: OperationPath) -> Bool {
        let index = index(of: path)
        guard index < paths.count, paths[index] == path else { return false }
        paths.remove(at: index)
        return true
    }

    /// Those in branches of an operation.
    func inside(_ path: OperationPath) -> ArraySlice<OperationPath> {
        let scope = path.scope + [path.position]
        let first = index(of: OperationPath(scope: scope, position: 0))
        let last = paths[first...].firstIndex { !$0.scope.starts(with: scope) } ?? paths.count
        return paths[first..<last]
    }

    /// Takes out those in branches of an operation that do not count.
    /// - Returns: what was taken out.
    mutating func dismiss(_ path: OperationPath, but counted: CountedBranches) -> [OperationPath] {
        guard !paths.isEmpty else { return [] }
        let inside = inside(path)
        let branch = path.scope.count + 1
        let gone = inside.filter { !counted.contains($0.scope[branch]) }
        if gone.isEmpty { return [] }
        paths.replaceSubrange(
            inside.startIndex..<inside.endIndex,
            with: inside.filter { counted.contains($0.scope[branch]) }
        )
        return Array(gone)
    }

    /// Where a place is, or would be.
    private func index(of path: OperationPath) -> Int {
        var range = paths.startIndex..<paths.endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                paths[middle] < path
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}
