/** What engines get when registries, seeds, hosts and the links between them fail: whole nodes in this process. */
@NullMarked
package io.pantala.faults;

import org.jspecify.annotations.NullMarked;
