/// Blocks a body until its task is cancelled, as a shutdown does.
package func untilCancelled() async throws {
    await untilTold()
    throw CancellationError()
}

/// Blocks a body until its task is cancelled, and goes on then.
package func untilTold() async {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    defer { continuation.finish() }
    for await _ in stream {}
}
