# Print the versions of R and of the packages that are peers, or stop with what is missing.
packages <- c("ordinal", "lme4", "glmmTMB")
there <- sapply(packages, requireNamespace, quietly = TRUE)
if (!all(there)) {
  write(paste("missing from R:", paste(packages[!there], collapse = ", ")), stderr())
  quit(status = 1)
}
told <- sapply(packages, function(name) paste(name, packageVersion(name)))
cat(paste0("R ", getRversion(), ", ", paste(told, collapse = ", "),
           " (", basename(extSoftVersion()[["BLAS"]]), ")\n"))
