/** How events become lines on stderr. */
@NullMarked
package io.pantala.proxy.logging;

import org.jspecify.annotations.NullMarked;
