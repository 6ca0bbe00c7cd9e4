/// Members of the properties' names; delays are seconds as text, like `1.5s`.
extension RetryPolicy: Codable {
    private enum CodingKeys: String, CodingKey {
        case maxAttempts, baseDelay, multiplier, maxDelay, jitter, fatalCodes, retryableCodes
    }

    /// All but a limit, and retryable codes, that there are not.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(maxAttempts, forKey: .maxAttempts)
        try container.encode(DurationText(baseDelay), forKey: .baseDelay)
        try container.encode(multiplier, forKey: .multiplier)
        try container.encodeIfPresent(maxDelay.map(DurationText.init), forKey: .maxDelay)
        try container.encode(jitter, forKey: .jitter)
        try container.encode(fatalCodes, forKey: .fatalCodes)
        if !retryableCodes.isEmpty { try container.encode(retryableCodes, forKey: .retryableCodes) }
    }

    /// What is left out is as in ``init(maxAttempts:baseDelay:multiplier:maxDelay:jitter:fatalCodes:)``.
    /// The values are checked when an execution is submitted with them.
    /// - Throws: `DecodingError`, also without `maxAttempts`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(maxAttempts: try container.decode(UInt32.self, forKey: .maxAttempts))
        if let delay = try container.decodeIfPresent(DurationText.self, forKey: .baseDelay) {
            baseDelay = delay.duration
        }
        multiplier = try container.decodeIfPresent(Double.self, forKey: .multiplier) ?? multiplier
        maxDelay = try container.decodeIfPresent(DurationText.self, forKey: .maxDelay)?.duration
        jitter = try container.decodeIfPresent(Double.self, forKey: .jitter) ?? jitter
        fatalCodes =
            try container.decodeIfPresent([String].self, forKey: .fatalCodes) ?? fatalCodes
        retryableCodes =
            try container.decodeIfPresent([String].self, forKey: .retryableCodes) ?? []
    }
}
