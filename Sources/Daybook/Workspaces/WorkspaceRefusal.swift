import DaybookModel
import DaybookSystem

/// Why a workspace is not saved.
struct WorkspaceRefusal {
    let code: String
    let message: String

    /// A file holds a secret.
    static let secretCode = "workspace-has-secret"

    /// - Parameter path: the file, without what its name may say; nil: it is not known.
    static func secret(in path: String?) -> WorkspaceRefusal {
        WorkspaceRefusal(
            code: secretCode,
            message:
                "\(path ?? "a file") of the workspace holds a secret of the execution, and what is saved is in clear; keep the secret out of the workspace, or remove the file before the job ends"
        )
    }

    static let notKept = WorkspaceRefusal(
        code: "workspace-not-kept",
        message:
            "the process that ran the job saves no workspaces (a limit of 0), and an earlier one was saved; run it with a limit"
    )

    static func heldSecret(_ path: String) -> WorkspaceRefusal {
        WorkspaceRefusal(
            code: secretCode,
            message:
                "a file of the workspace held a secret which has been wiped or replaced since, and may hold it still; look into \(path), remove the folder and what lies beside it, and retry from where its files can be made again"
        )
    }

    private init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: ArchiveError, limit: Int) {
        switch error {
        case .tooLarge(let size, _):
            self.init(
                code: "workspace-too-large",
                message:
                    "the workspace has at least \(size) bytes as an archive, and at most \(limit) are saved; remove what later operations do not need, or raise the limit"
            )
        case .failed(let path, let error):
            self.init(
                code: "workspace-unreadable",
                message:
                    "\(path) of the workspace cannot be read: \(error); have the job remove it, or make it readable"
            )
        case .tooDeep(let path):
            self.init(
                code: "workspace-too-deep",
                message:
                    "the path \(path) of the workspace is longer than \(FolderArchive.longestPath) bytes, or lies in more than \(FolderArchive.deepest) folders; remove it before the job ends"
            )
        case .damaged(let reason):
            self.init(code: "workspace-damaged", message: "the workspace's archive: \(reason)")
        }
    }
}

extension OperationError {
    /// The code of what needs files that are saved nowhere, and are not here.
    private static let notSavedCode = "workspace-not-saved"

    /// - Parameter loss: where the files are not.
    static func workspaceNotSaved(
        _ loss: String,
        _ recorded: RecordedWorkspace
    ) -> OperationError {
        let advice =
            recorded.epoch > 0
            ? "have it run with the folder of workspaces that it had, or fork it at an operation before that entry"
            : "it is a fork, and begins with the files of its origin: fork that at an operation before the entry"
        return OperationError(
            code: notSavedCode,
            message: "\(loss); \(advice)",
            isRetryable: false
        )
    }

    /// What undoes an operation was not run.
    /// - Parameters:
    ///   - name: the operation.
    ///   - loss: where the files are not.
    package static func notUndone(_ name: String, without loss: String) -> OperationError {
        OperationError(
            code: notSavedCode,
            message:
                "what undoes \(name) was not run: \(loss); undo it by hand, or retry the execution with the folder of workspaces that it had, where its next bad end undoes it",
            isRetryable: false
        )
    }
}
