#if CLI
/// The words of the command line as the system gives them.
enum RawArguments {
    /// Makes sure that all of them are UTF-8. What is not would be replaced, and two ids that differ
    /// would become one.
    /// - Throws: ``UsageError``.
    static func check() throws {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let word = CommandLine.unsafeArgv[index] else { return }
            guard String(validatingCString: word) == nil else { continue }
            let shown = String(cString: word)
            throw UsageError(
                "the argument \(index), \"\(shown)\", is not UTF-8; write it in that encoding"
            )
        }
    }
}
#endif
