#if CLI
/// The candidate that a misspelt name was probably meant to be, if one is close enough.
///
/// Close is one slip in a short name, and one slip for every three letters in a long one. Letters
/// that differ in case only cost nothing, and neither does an end that was left out, as in `env`.
package func nearest(to name: String, among candidates: [String]) -> String? {
    // The distance takes time in the product of both lengths: no key of ours is that long.
    guard (1...64).contains(name.utf8.count) else { return nil }
    let wanted = Array(name.lowercased())
    let allowed = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate.utf8.count <= 64 {
        let letters = Array(candidate.lowercased())
        let isAbbreviation = wanted.count >= 3 && letters.starts(with: wanted)
        let found = isAbbreviation ? 0 : distance(wanted, letters)
        // A distance of the whole length says only that both are short.
        guard found <= allowed, found < wanted.count else { continue }
        if best.map({ found < $0.distance }) ?? true { best = (candidate, found) }
    }
    return best?.name
}

/// How many letters are to be put in, left out, changed, or swapped with their neighbour.
private func distance(_ left: [Character], _ right: [Character]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
        var current = [row]
        for column in 1...right.count {
            let isEqual = left[row - 1] == right[column - 1]
            var cost = min(
                last[column] + 1,
                current[column - 1] + 1,
                last[column - 1] + (isEqual ? 0 : 1)
            )
            if row > 1, column > 1, left[row - 1] == right[column - 2],
                left[row - 2] == right[column - 1]
            {
                cost = min(cost, beforeLast[column - 2] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
#endif
