import DaybookSystem

/// Bounds the bytes of workspaces that an engine has in memory at one time.
///
/// Who saves or restores one asks for its size first, and waits in turn while others have the room. One
/// that is larger than all of the room has its turn when nobody else has any.
///
/// Nobody waits for ever: who has room reads or restores one folder, and commits one batch, and waits for
/// nobody who waits for room. A lock that others hold is not held while one waits.
final class ArchiveRoom: Sendable {
    private struct State {
        var used = 0
        var waiting: [(size: Int, turn: CheckedContinuation<Void, Never>)] = []
    }

    private let size: Int
    private let state = Locked(State())

    /// - Parameter size: bytes that those who have room hold together.
    init(size: Int) {
        self.size = size
    }

    /// Room for so many bytes; give it back.
    struct Share: Sendable {
        fileprivate let size: Int
        fileprivate let room: ArchiveRoom

        /// Call it once.
        func giveBack() { room.giveBack(size) }
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// - Returns: nil: others have the room, or came before.
    func shareNow(of size: Int) -> Share? {
        state.withLock { state in
            guard state.waiting.isEmpty, isFree(size, state) else { return nil }
            state.used += size
            return Share(size: size, room: self)
        }
    }

    /// Waits until there is room. Who is cancelled waits too: those before it give theirs back soon.
    func share(of size: Int) async -> Share {
        if let share = shareNow(of: size) { return share }
        await withCheckedContinuation { turn in
            state.withLock { $0.waiting.append((size, turn)) }
            // Room may have come free since.
            serve()
        }
        return Share(size: size, room: self)
    }

    private func isFree(_ size: Int, _ state: State) -> Bool {
        state.used == 0 || size <= self.size - state.used
    }

    private func giveBack(_ size: Int) {
        state.withLock { $0.used -= size }
        serve()
    }

    private func serve() {
        let served = state.withLock { state in
            var count = 0
            while count < state.waiting.count, isFree(state.waiting[count].size, state) {
                state.used += state.waiting[count].size
                count += 1
            }
            defer { state.waiting.removeFirst(count) }
            return state.waiting.prefix(count).map(\.turn)
        }
        for turn in served { turn.resume() }
    }
}
