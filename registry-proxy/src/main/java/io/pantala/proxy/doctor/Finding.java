package io.pantala.proxy.doctor;

import java.util.Locale;

/**
 * What a check found.
 *
 * @param check what was looked at
 * @param evidence what was seen
 * @param advice what to do; empty where nothing is to be done
 */
public record Finding(Result result, String check, String evidence, String advice) {
    /** How a check ended. */
    public enum Result {
        OK,
        WARN,
        FAIL,
        SKIP;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String check, String evidence) {
        return new Finding(Result.OK, check, evidence, "");
    }

    static Finding warn(String check, String evidence, String advice) {
        return new Finding(Result.WARN, check, evidence, advice);
    }

    static Finding fail(String check, String evidence, String advice) {
        return new Finding(Result.FAIL, check, evidence, advice);
    }

    static Finding skip(String check, String evidence, String advice) {
        return new Finding(Result.SKIP, check, evidence, advice);
    }
}
