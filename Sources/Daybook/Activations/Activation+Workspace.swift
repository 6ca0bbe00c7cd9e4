import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

extension Activation {
    /// The folder that the execution keeps files in.
    func workspace() async throws -> String {
        if let keeper = state.withLock({ $0.workspace }) { return keeper.path }
        // A replay touches nothing, and what depends on the path is not recorded either.
        guard host.hasEffects else { return "/nonexistent/workspace-of-a-replay" }
        do {
            // What undoes work runs all the same where the files are lost.
            let keeper = try await host.workspace(
                of: lease,
                secrets?.redactor,
                mayBeEmpty: isCollecting
            )
            // A branch that asked at the same time has the same folder.
            return state.withLock { state in
                if state.workspace == nil { state.workspace = keeper }
                return state.workspace?.path ?? keeper.path
            }
        } catch let error as OperationError {
            // What is recorded stays for an attempt that has its files.
            state.withLock { $0.isLacking = true }
            throw error
        } catch let error as PayloadErased {
            state.withLock { $0.isLacking = true }
            throw error
        } catch let error as SystemError {
            // No work can be done where the journal's own folder cannot be used, whatever the handler
            // makes of that.
            latch(Shortage(error).map { .shortage($0) } ?? .journalFailed(error))
            throw error
        } catch let error as JournalError {
            latch(.journalFailed(error))
            throw error
        }
    }

    /// The folder has none of the execution's files, and how that came; nil: it has, or was not asked for.
    var lostWorkspace: String? { state.withLock { $0.workspace?.loss } }

    /// What is to be recorded of the folder with the outcome of an operation.
    func takeWorkspace() async throws -> WorkspaceKeeper.Taken {
        guard let keeper = state.withLock({ $0.workspace }), keeper.isSaved else { return .nothing }
        return try await keeper.take()
    }

    /// What became of what was to be recorded with an outcome.
    func tellWorkspace(_ take: WorkspaceTake?, isRecorded: Bool) {
        guard let take, let keeper = state.withLock({ $0.workspace }) else { return }
        if isRecorded { keeper.wasRecorded(take) } else { keeper.wasNotRecorded(take) }
    }
}
