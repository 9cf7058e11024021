/** What is worth knowing when an upstream has trouble: small facts, found by what they are about. */
@NullMarked
package io.pantala.proxy.notes;

import org.jspecify.annotations.NullMarked;
